-- What training proposed last; it holds nothing of single people.

CREATE TABLE persona_proposals (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    trained_us bigint NOT NULL,
    proposals  bytea NOT NULL
);
