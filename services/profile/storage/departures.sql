-- name: note_told
-- A message names the whole set. Those who are still there, and cannot be erased before the commit.
INSERT INTO webhook_told (webhook, person_id, checked_us)
SELECT $1, held.person_id, $3
FROM (
    SELECT member.person_id
    FROM profiles AS own JOIN profiles AS member USING (group_id)
    WHERE own.person_id = ANY($2::uuid[])
    ORDER BY member.person_id
    FOR KEY SHARE OF member) AS held
ON CONFLICT DO NOTHING

-- name: read_watch
SELECT events_position, EXISTS (SELECT FROM webhook_told) AS was_told FROM webhook_watch

-- name: move_watch
UPDATE webhook_watch SET events_position = $1

-- name: told_who_spoke
-- Those told of, of whose set somebody said something that may be about consent; the whole sets.
SELECT DISTINCT told.person_id::text
FROM (
    SELECT DISTINCT person_id FROM events
    WHERE position > $1 AND position <= $2 AND type = ANY($3::text[])) AS speaker
JOIN profiles AS own USING (person_id)
JOIN profiles AS member USING (group_id)
JOIN webhook_told AS told ON told.person_id = member.person_id

-- name: told_unchecked
SELECT DISTINCT person_id::text FROM (
    SELECT person_id FROM webhook_told WHERE checked_us < $1 ORDER BY checked_us LIMIT $2) AS oldest

-- name: mark_checked
-- Locked in the order of `depart`.
WITH held AS (
    SELECT webhook, person_id FROM webhook_told
    WHERE person_id = ANY($1::uuid[])
    ORDER BY person_id, webhook
    FOR UPDATE)
UPDATE webhook_told SET checked_us = $2 FROM held
WHERE webhook_told.person_id = held.person_id AND webhook_told.webhook = held.webhook

-- name: depart
-- In one order, so that an erasure and whoever looks for departures cannot wait in a circle.
WITH held AS (
    SELECT webhook, person_id FROM webhook_told
    WHERE person_id = ANY($1::uuid[])
    ORDER BY person_id, webhook
    FOR UPDATE),
gone AS (
    DELETE FROM webhook_told USING held
    WHERE webhook_told.person_id = held.person_id AND webhook_told.webhook = held.webhook)
INSERT INTO webhook_departures (webhook, person_id, erased, left_us)
SELECT webhook, person_id, $2, $3 FROM held ORDER BY person_id, webhook

-- name: departures_of
SELECT position, person_id::text, erased, left_us FROM webhook_departures
WHERE webhook = $1
ORDER BY position
LIMIT $2

-- name: forget_departures
DELETE FROM webhook_departures WHERE webhook = $1 AND position = ANY($2::bigint[])
