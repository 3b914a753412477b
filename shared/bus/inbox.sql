-- name: enter_inbox
-- Returns those that had not taken effect before.
INSERT INTO inbox (consumer, message_id)
SELECT $1, message_id FROM unnest($2::uuid[]) AS arrived (message_id)
ON CONFLICT DO NOTHING
RETURNING message_id::text AS message_id

-- name: park
-- The inbox row keeps a redelivered copy from being tried again; a replay takes it away.
WITH parked_now AS (
    INSERT INTO parked (consumer, message_id, subject, schema_number, data, reason, tries)
    VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7)
    ON CONFLICT (consumer, message_id) DO UPDATE
    SET reason = excluded.reason, tries = parked.tries + excluded.tries
)
INSERT INTO inbox (consumer, message_id) VALUES ($1, $2::text::uuid) ON CONFLICT DO NOTHING
