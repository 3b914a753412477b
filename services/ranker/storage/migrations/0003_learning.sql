-- The learning log: what was shown and what became of it, numbered without gaps.
CREATE TABLE learning_log (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL DEFAULT 0,
    shown bigint NOT NULL DEFAULT 0,
    accepted bigint NOT NULL DEFAULT 0,
    declined bigint NOT NULL DEFAULT 0
);
INSERT INTO learning_log DEFAULT VALUES;

-- A row keeps what it teaches for good; whom it is about only as long as an answer may count.
CREATE TABLE learning_rows (
    number bigint PRIMARY KEY,
    decision_id uuid,
    placement text NOT NULL,
    offer_no bigint NOT NULL,
    outcome smallint NOT NULL,
    features bytea NOT NULL,
    time_us bigint NOT NULL,
    selection_probability real NOT NULL,
    family_no bigint NOT NULL,
    person_ids uuid[] NOT NULL
);
-- What makes an answer count once.
CREATE UNIQUE INDEX learning_rows_once
    ON learning_rows (decision_id, placement, offer_no, outcome);
CREATE INDEX learning_rows_by_person ON learning_rows USING gin (person_ids);
CREATE INDEX learning_rows_linked ON learning_rows (time_us) WHERE decision_id IS NOT NULL;

-- Showings that taught, per person and business day.
CREATE TABLE taught (
    person_id uuid NOT NULL,
    day integer NOT NULL,
    showings integer NOT NULL,
    PRIMARY KEY (person_id, day)
);

-- Who is the same person, told by profile; absent: nobody else.
CREATE TABLE person_sets (
    person_id uuid PRIMARY KEY,
    person_ids uuid[] NOT NULL,
    version bigint NOT NULL
);

-- Answers that wait for their decision (0), were put aside for a reason (1, 2), or accepted
-- something that nobody is known to have shown yet (3).
CREATE TABLE kept_answers (
    person_id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    time_us bigint NOT NULL,
    offer_no bigint NOT NULL,
    family_no bigint NOT NULL,
    decision_id text NOT NULL,
    placement text NOT NULL,
    state smallint NOT NULL,
    kept_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    parked_us bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (person_id, event_id)
);
CREATE INDEX kept_answers_by_decision ON kept_answers (decision_id) WHERE state IN (0, 1);
CREATE INDEX kept_answers_by_state ON kept_answers (state, kept_time);

-- Snapshots of the model: after which row, and the artefact's name.
CREATE TABLE model_snapshots (
    number bigint PRIMARY KEY,
    artefact text NOT NULL
);
