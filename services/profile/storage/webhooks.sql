-- name: changes
-- Live events only: what was imported is told by the export. Within a window of positions, so that
-- a rare type does not make it a long statement.
SELECT position, person_id::text, event_id, type, time_us, channel, offer_no, category, brand,
    quantity, value_micros, session_id, order_id, gift, decision_id, placement, details
FROM events
WHERE position > $1 AND position <= $2
    AND slice_id IS NULL
    AND (cardinality($3::text[]) = 0 OR type = ANY($3::text[]))
ORDER BY position
LIMIT $4

-- name: subject
-- The set of a person with the identities that name somebody alone, the newest last.
SELECT member.person_id::text, persons.key_wrapped, named.kind, named.value_encrypted
FROM profiles AS own
JOIN profiles AS member USING (group_id)
JOIN persons ON persons.person_id = member.person_id
LEFT JOIN LATERAL (
    SELECT kind, value_encrypted, first_seen_us FROM identities
    WHERE identities.person_id = member.person_id AND NOT shared AND kind = ANY($2::text[])
    ORDER BY first_seen_us DESC
    LIMIT $3) AS named ON true
WHERE own.person_id = $1::uuid
ORDER BY member.person_id, named.first_seen_us

-- name: open_place
-- Made by whoever comes first; the position counts only then.
INSERT INTO webhooks (webhook, events_position) VALUES ($1, $2)
ON CONFLICT (webhook) DO UPDATE SET webhook = excluded.webhook
RETURNING *

-- name: read_place
SELECT * FROM webhooks WHERE webhook = $1

-- name: read_places
-- How far each is behind: in positions, and how long the oldest event there waits.
SELECT webhooks.*, last.given - events_position AS behind,
    (SELECT received_us FROM events WHERE position > webhooks.events_position
     ORDER BY position LIMIT 1) AS waiting_us
FROM webhooks,
    (SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')), 0)
     AS given) AS last
WHERE webhook = ANY($1::text[])

-- name: advance
-- Only from where it was: a leader that was frozen may wake up beside its successor.
UPDATE webhooks
SET events_position = $4, delivered = delivered + $5, left_out = left_out + $6,
    failures = 0, failing_since_us = NULL,
    delivered_us = CASE WHEN $5 > 0
        THEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint ELSE delivered_us END
WHERE webhook = $1 AND generation = $2 AND events_position = $3
RETURNING *

-- name: fail
-- $7: something was taken since the last failure, so that they are counted anew.
WITH machine AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us)
UPDATE webhooks
SET failures = CASE WHEN $7 THEN 1 ELSE failures + 1 END,
    failing_since_us = CASE WHEN $7 THEN now_us ELSE coalesce(failing_since_us, now_us) END,
    last_error = $4,
    parked_us = CASE WHEN $6 OR now_us - coalesce(failing_since_us, now_us) >= $5 AND NOT $7
        THEN now_us ELSE parked_us END
FROM machine
WHERE webhook = $1 AND generation = $2 AND events_position = $3
RETURNING webhooks.*

-- name: go_on
-- Never beyond the end, or what comes next would be left out.
UPDATE webhooks
SET generation = generation + 1, failures = 0, failing_since_us = NULL, parked_us = NULL,
    events_position = least(coalesce($2::bigint, events_position), greatest(
        events_position,
        coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')), 0)))
WHERE webhook = $1
RETURNING *
