-- The journal of decisions: what was chosen for whom, fed from the outbox of rules.
CREATE TABLE decisions (
    decision_id uuid PRIMARY KEY,
    person_ids uuid[] NOT NULL,
    time_us bigint NOT NULL,
    notice bytea NOT NULL
);
CREATE INDEX decisions_by_time ON decisions (time_us);
CREATE INDEX decisions_by_person ON decisions USING gin (person_ids);
