-- name: try_lock_migrations
-- One replica at a time for this schema; freed with the session at the latest.
SELECT pg_try_advisory_lock(hashtextextended(current_schema() || '/migrations', 0))

-- name: unlock_migrations
SELECT pg_advisory_unlock(hashtextextended(current_schema() || '/migrations', 0))

-- name: create_schema_version
CREATE TABLE IF NOT EXISTS schema_version (
    origin       text NOT NULL,
    number       integer NOT NULL,
    name         text NOT NULL,
    checksum     text NOT NULL,
    applied_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (origin, number)
)

-- name: applied_migrations
SELECT origin, number, name, checksum FROM schema_version ORDER BY origin, number

-- name: record_migration
INSERT INTO schema_version (origin, number, name, checksum) VALUES ($1, $2, $3, $4)
