-- name: append_to_outbox
-- Batches of any length are one statement; the ordinality keeps their order in the ids.
INSERT INTO outbox (message_id, subject, schema_number, data)
SELECT message_id, subject, schema_number, data
FROM unnest($1::text[]::uuid[], $2::text[], $3::smallint[], $4::bytea[])
    WITH ORDINALITY AS added (message_id, subject, schema_number, data, place)
ORDER BY place

-- name: read_outbox
-- In id order. Messages of one person are in id order of their commits, because whoever writes
-- them holds that person's lock.
SELECT id, message_id::text AS message_id, subject, schema_number, data
FROM outbox
ORDER BY id
LIMIT $1

-- name: delete_from_outbox
DELETE FROM outbox WHERE id = ANY($1::bigint[])

-- name: outbox_age_s
-- How long the oldest message has waited, 0 when there is none.
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(written_time)), 0)::float8
FROM (SELECT written_time FROM outbox ORDER BY id LIMIT 1) AS oldest
