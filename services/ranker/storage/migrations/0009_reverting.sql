-- What was learned in a span of time may be taken out of the model, and put back. Its rows stay,
-- with the reverts that took them out.
ALTER TABLE learning_log ADD COLUMN reverted bigint NOT NULL DEFAULT 0;
ALTER TABLE learning_rows
    ADD COLUMN channel smallint NOT NULL DEFAULT 0,
    ADD COLUMN reverted_by bigint[] NOT NULL DEFAULT '{}';
CREATE INDEX learning_rows_by_time ON learning_rows USING brin (time_us);
CREATE INDEX learning_rows_reverted ON learning_rows (number) WHERE reverted_by <> '{}';

-- Each is a row of the log of the same number; there replicas begin again from before its first row.
CREATE TABLE learning_reverts (
    number bigint PRIMARY KEY,
    from_us bigint NOT NULL,
    to_us bigint NOT NULL,
    offer_nos bigint[] NOT NULL,
    placement text NOT NULL,
    channel smallint NOT NULL,
    rows bigint NOT NULL,
    first_row bigint NOT NULL,
    made_us bigint NOT NULL,
    undoes bigint NOT NULL DEFAULT 0
);

-- When a snapshot was saved, in business time; of those before, nobody knows.
ALTER TABLE model_snapshots ADD COLUMN saved_us bigint NOT NULL DEFAULT 0;
