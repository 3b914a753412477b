-- name: claim_errands
UPDATE errands
SET owner = $1, lease_until = clock_timestamp() + make_interval(secs => $3), token = token + 1
WHERE errand_id IN (
    SELECT due.errand_id
    FROM unnest($4::smallint[], $5::integer[]) AS lanes (lane, room)
    CROSS JOIN LATERAL (
        SELECT e.errand_id FROM errands e
        WHERE e.lane = lanes.lane AND e.is_open AND e.state <> 'cancelled' AND e.due_us <= $2
          AND (e.lease_until IS NULL OR e.lease_until < clock_timestamp())
          AND NOT EXISTS (
              SELECT FROM journeys j
              WHERE j.journey_id = e.journey_id AND j.dormant AND j.phase <> 4
          )
        ORDER BY e.due_us
        LIMIT lanes.room
        FOR UPDATE SKIP LOCKED
    ) AS due
)
RETURNING *;

-- name: keep_errand
-- Fenced by the token, and by what a journey that goes on cancels: a message nobody has handed over.
-- One that comes back, because its carrier did not take it, is cancelled where that happened meanwhile.
WITH past AS (
    SELECT $3 = 'waiting' AND EXISTS (
        SELECT FROM errands e JOIN journeys j USING (journey_id)
        WHERE e.errand_id = $1 AND e.kind = 'message'
          AND (j.phase <> 2 OR j.occurrence <> e.occurrence)
          AND (e.expires_us > 0 OR (j.phase = 4 AND j.outcome <> 'passed'))
    ) AS is_past
)
UPDATE errands
SET state = CASE WHEN is_past THEN 'cancelled' ELSE $3 END, is_open = $4 AND NOT is_past,
    reason = $5, obstacle = '', due_us = $6, tries = $7, setbacks = $8, doubts = $9, asked = $10,
    tried_us = $21, channel = $11, why = $12, passed_over = $22::jsonb, contact_id = $13, decision_id = $14, offer_id = $15,
    provider_id = $16, sent_us = $17, changed_us = $18, owner = CASE WHEN $19 THEN owner ELSE '' END,
    lease_until = CASE WHEN $20 > 0 THEN clock_timestamp() + make_interval(secs => $20) END
FROM past
WHERE errand_id = $1 AND token = $2 AND is_open AND state <> 'cancelled'
RETURNING errand_id;

-- name: leave_errand
UPDATE errands
SET owner = '', lease_until = clock_timestamp() + make_interval(secs => $3), obstacle = $4
WHERE errand_id = $1 AND token = $2 AND is_open;

-- name: latest_messages
SELECT DISTINCT ON (journey_id) * FROM errands
WHERE journey_id = ANY($1::text[]) AND kind = 'message'
ORDER BY journey_id, occurrence DESC;

-- name: forget_errands
-- Those done for no journey; all others go with theirs.
WITH gone AS (
    DELETE FROM errands WHERE journey_id IS NULL AND NOT is_open AND changed_us < $1 RETURNING 1
)
SELECT count(*) FROM gone;

-- name: needs_call
SELECT EXISTS (
    SELECT FROM tasks
    WHERE task_id = $1 AND outcome = '' AND tries = 0 AND (expires_us = 0 OR expires_us > $2)
      AND NOT ($3 AND agent_id <> '' AND claimed_until_us > $2)
);

-- name: next_errand
SELECT coalesce(min(next.due_us), 0)
FROM unnest($1::smallint[]) AS lanes (lane)
CROSS JOIN LATERAL (
    SELECT e.due_us FROM errands e
    WHERE e.lane = lanes.lane AND e.is_open AND e.state <> 'cancelled'
      AND (e.lease_until IS NULL OR e.lease_until < clock_timestamp())
      AND NOT EXISTS (
          SELECT FROM journeys j WHERE j.journey_id = e.journey_id AND j.dormant AND j.phase <> 4
      )
    ORDER BY e.due_us
    LIMIT 1
) AS next;

-- name: known_errands
SELECT errand_id FROM errands WHERE errand_id = ANY($1::text[]);

-- name: order_messages
-- In the order of their ids, so that those who order the same wait for each other in one direction.
INSERT INTO errands (errand_id, person_id, kind, lane, payload, due_us, expires_us, campaign,
    campaign_offer)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::bytea[], $6::bigint[],
    $7::bigint[], $8::text[], $9::text[])
ORDER BY 1
ON CONFLICT (errand_id) DO NOTHING
RETURNING errand_id;

-- name: count_told
SELECT state, coalesce(nullif(obstacle, ''), reason) AS reason, count(*) AS people FROM errands
WHERE campaign = $1 AND campaign_offer = $2 AND campaign <> ''
GROUP BY 1, 2;

-- name: beginning_of
SELECT item_no, cart_nos, cart_quantities, cart_value_micros FROM journeys WHERE journey_id = $1;
