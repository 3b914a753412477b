-- What came of each try of a task, and when it is tried again.

ALTER TABLE tasks
    ADD COLUMN latest    text NOT NULL DEFAULT '',  -- an outcome, snoozed or put_off
    ADD COLUMN tries     integer NOT NULL DEFAULT 0,
    ADD COLUMN time_zone text NOT NULL DEFAULT '';  -- of the person

UPDATE tasks SET latest = outcome, tries = 1 WHERE ended_by <> '';

CREATE TABLE task_attempts (
    task_id    text NOT NULL REFERENCES tasks ON DELETE CASCADE,
    number     integer NOT NULL,  -- the how-manieth claim it was
    agent_id   text NOT NULL,
    outcome    text NOT NULL,
    due_us     bigint NOT NULL,
    claimed_us bigint NOT NULL,
    ended_us   bigint NOT NULL,
    PRIMARY KEY (task_id, number)
);
CREATE INDEX task_attempts_ended ON task_attempts (ended_us);
