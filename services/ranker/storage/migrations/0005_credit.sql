-- What came late counts a share, and what is brought back takes its share away again.
ALTER TABLE learning_log
    ADD COLUMN late bigint NOT NULL DEFAULT 0,
    ADD COLUMN returned bigint NOT NULL DEFAULT 0;
ALTER TABLE learning_rows
    ADD COLUMN credit double precision NOT NULL DEFAULT 1,
    ADD COLUMN quantity double precision NOT NULL DEFAULT 1,
    ADD COLUMN event_id text NOT NULL DEFAULT '';

-- Only what is brought back may happen several times, in parts, each by an event of its own.
DROP INDEX learning_rows_once;
CREATE UNIQUE INDEX learning_rows_once
    ON learning_rows (decision_id, placement, offer_no, outcome, event_id);

-- Acceptances that taught, beside the showings that did.
ALTER TABLE taught
    ALTER COLUMN showings SET DEFAULT 0,
    ADD COLUMN acceptances integer NOT NULL DEFAULT 0;

-- Beside 0 to 3: put aside since its decision was somebody else's (4), since what the model is said
-- to have seen cannot be read (5), or since its person taught enough that day (6).
ALTER TABLE kept_answers ADD COLUMN quantity double precision NOT NULL DEFAULT 1;
