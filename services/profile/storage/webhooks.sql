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

-- name: membership_changes
SELECT position, person_id::text, segment, is_member, changed_us
FROM memberships
WHERE position > $1 AND position <= $2 AND segment = ANY($3::text[])
ORDER BY position
LIMIT $4

-- name: subject
-- The set of a person, what each of them said, and the newest identities that name somebody alone.
SELECT member.person_id::text, member.state, persons.key_wrapped, named.kinds, named.sealed
FROM profiles AS own
JOIN profiles AS member USING (group_id)
JOIN persons ON persons.person_id = member.person_id
CROSS JOIN LATERAL (
    SELECT array_agg(kind) AS kinds, array_agg(value_encrypted) AS sealed
    FROM (
        SELECT kind, value_encrypted FROM identities
        WHERE identities.person_id = member.person_id AND NOT shared AND kind = ANY($2::text[])
        ORDER BY first_seen_us DESC
        LIMIT $3) AS newest) AS named
WHERE own.person_id = $1::uuid
ORDER BY member.person_id

-- name: open_place
-- Made by whoever comes first; the positions count only then.
INSERT INTO webhooks (webhook, events_position, memberships_position) VALUES ($1, $2, $3)
ON CONFLICT (webhook) DO UPDATE SET webhook = excluded.webhook
RETURNING *

-- name: read_place
SELECT * FROM webhooks WHERE webhook = $1

-- name: events_behind
-- How many positions lie after one, and since when the oldest event there waits.
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')), 0) - $1,
    (SELECT received_us FROM events WHERE position > $1 ORDER BY position LIMIT 1)

-- name: memberships_behind
SELECT coalesce(pg_sequence_last_value('membership_positions'), 0) - $1::bigint,
    (SELECT changed_us FROM memberships WHERE position > $1 ORDER BY position LIMIT 1)

-- name: advance
-- Only from where it was: a leader that was frozen may wake up beside its successor.
UPDATE webhooks
SET events_position = $5, memberships_position = $6,
    delivered = delivered + $7, left_out = left_out + $8, failures = 0, failing_since_us = NULL,
    delivered_us = CASE WHEN $7 > 0
        THEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint ELSE delivered_us END
WHERE webhook = $1 AND generation = $2 AND events_position = $3 AND memberships_position = $4
RETURNING *

-- name: fail
-- $8: something was taken since the last failure, so that they are counted anew.
WITH machine AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us)
UPDATE webhooks
SET failures = CASE WHEN $8 THEN 1 ELSE failures + 1 END,
    failing_since_us = CASE WHEN $8 THEN now_us ELSE coalesce(failing_since_us, now_us) END,
    last_error = $5,
    parked_us = CASE WHEN $7 OR now_us - coalesce(failing_since_us, now_us) >= $6 AND NOT $8
        THEN now_us ELSE parked_us END
FROM machine
WHERE webhook = $1 AND generation = $2 AND events_position = $3 AND memberships_position = $4
RETURNING webhooks.*

-- name: go_on
-- Never beyond the ends, or what comes next would be left out.
UPDATE webhooks
SET generation = generation + 1, failures = 0, failing_since_us = NULL, parked_us = NULL,
    events_position = least(coalesce($2::bigint, events_position), greatest(
        events_position,
        coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')), 0))),
    memberships_position = least(coalesce($3::bigint, memberships_position), greatest(
        memberships_position, coalesce(pg_sequence_last_value('membership_positions'), 0)))
WHERE webhook = $1
RETURNING *
