-- What these tests keep.
CREATE TABLE thing (
    thing_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text NOT NULL
);
