-- name: open_place
-- A new consumer, and one whose stream was made anew, begin before the first message.
INSERT INTO consumer_place (consumer, created_us, sequence) VALUES ($1, $2, 0)
ON CONFLICT (consumer) DO UPDATE
SET sequence = CASE WHEN consumer_place.created_us = excluded.created_us
                    THEN consumer_place.sequence ELSE 0 END,
    created_us = excluded.created_us
RETURNING sequence

-- name: move_place
-- Never back: a leader that was frozen may come late.
UPDATE consumer_place SET sequence = greatest(sequence, $3)
WHERE consumer = $1 AND created_us = $2

-- name: enter_inbox
-- Returns those that had not taken effect before; of two leaders the second waits for the first.
INSERT INTO inbox (consumer, message_id)
SELECT $1, message_id FROM unnest($2::text[]::uuid[]) AS arrived (message_id)
ON CONFLICT DO NOTHING
RETURNING message_id::text AS message_id

-- name: park
INSERT INTO parked
    (consumer, message_id, subject, schema_number, data, sequence, stored_us, reason, tries)
VALUES ($1, $2::text::uuid, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (consumer, message_id) DO UPDATE
SET reason = excluded.reason, tries = parked.tries + excluded.tries

-- name: read_parked
SELECT subject, schema_number, data, message_id::text AS message_id, sequence, stored_us
FROM parked
WHERE consumer = $1
ORDER BY parked_time, sequence

-- name: unpark
DELETE FROM parked WHERE consumer = $1 AND message_id = $2::text::uuid

-- name: prune_inbox
DELETE FROM inbox
WHERE consumer = $1 AND received_time < clock_timestamp() - make_interval(secs => $2)

-- name: parked_about
-- Ids of persons stand in messages as they are written.
SELECT consumer, message_id::text AS message_id, subject, data
FROM parked
WHERE EXISTS (
    SELECT FROM unnest($1::text[]) AS person (id)
    WHERE position(convert_to(person.id, 'UTF8') IN data) > 0)
FOR UPDATE

-- name: rewrite_parked
UPDATE parked SET data = $3 WHERE consumer = $1 AND message_id = $2::text::uuid
