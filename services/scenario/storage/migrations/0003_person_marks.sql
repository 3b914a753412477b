-- Goals and answers of late, the latest of each kind: for a journey that a link brings together with
-- somebody who reached its goal before the link was heard of.
CREATE TABLE person_marks (
    person_id text NOT NULL,
    type      text NOT NULL,
    offer_no  bigint NOT NULL,
    time_us   bigint NOT NULL,
    PRIMARY KEY (person_id, type, offer_no)
);
CREATE INDEX person_marks_time ON person_marks USING brin (time_us);
