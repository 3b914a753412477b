-- Boosters that were served, the newest first by number: the artefact of their trees, and what they
-- came to. Which of them is served, an empty text for none, stands in the one row of the pointer.
CREATE TABLE boosters (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    artefact text NOT NULL UNIQUE,
    report bytea NOT NULL
);
CREATE TABLE booster_pointer (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 0,
    artefact text NOT NULL DEFAULT ''
);
INSERT INTO booster_pointer DEFAULT VALUES;
