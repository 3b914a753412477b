-- What everybody together answered: counted from the log, so that an erased person's answers go too.
CREATE INDEX events_of_answers ON events (position) WHERE type = 'survey_answer';

CREATE TABLE answer_counts (
    question text NOT NULL,
    -- Empty: taken back, or free text.
    answer   text NOT NULL,
    skipped  boolean NOT NULL,
    persons  bigint NOT NULL,
    PRIMARY KEY (question, answer, skipped)
);
