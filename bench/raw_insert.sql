-- The least that storing an event durably can cost: what `track_over_raw_insert` divides by.

-- name: make_schema
CREATE SCHEMA IF NOT EXISTS bench;

-- name: make_table
CREATE TABLE IF NOT EXISTS bench.raw_events (
    event_id  uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    type      text NOT NULL,
    time      timestamptz NOT NULL,
    channel   smallint NOT NULL,
    session   text NOT NULL,
    body      bytea NOT NULL
);

-- name: insert_events
-- Columns of equal length, one row per event.
INSERT INTO bench.raw_events
SELECT *
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::smallint[], $6::text[], $7::bytea[]);

-- name: drop_schema
DROP SCHEMA bench CASCADE;
