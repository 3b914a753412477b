-- Showings of history that were learned: kept for good, as the rows of the log forget which they were.
-- Their ids are made with a key of this schema, so that nobody finds out a row by trying.
CREATE TABLE history_showings (showing_id uuid PRIMARY KEY);
CREATE TABLE history_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);
INSERT INTO history_key DEFAULT VALUES;
