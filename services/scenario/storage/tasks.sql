-- name: lock_agent
SELECT agent_id, presence, skills, capacity FROM agents WHERE agent_id = $1 FOR UPDATE;

-- name: held_by
SELECT count(*) FROM tasks
WHERE agent_id = $1 AND outcome = '' AND claimed_until_us > $2
  AND (expires_us = 0 OR expires_us > $2);

-- name: held_tasks
SELECT t.*, j.dormant AS rests, coalesce(s.person_ids, ARRAY[t.person_id]) AS person_ids
FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
LEFT JOIN person_sets s ON s.person_id = t.person_id
WHERE t.agent_id = $1 AND t.outcome = '' AND t.claimed_until_us > $2
  AND (t.expires_us = 0 OR t.expires_us > $2)
ORDER BY t.claimed_until_us, t.task_id;

-- name: find_task
SELECT t.*, j.dormant AS rests, coalesce(s.person_ids, ARRAY[t.person_id]) AS person_ids
FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
LEFT JOIN person_sets s ON s.person_id = t.person_id
WHERE t.task_id = $1;

-- name: lock_task
SELECT t.*, j.dormant AS rests, coalesce(s.person_ids, ARRAY[t.person_id]) AS person_ids
FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
LEFT JOIN person_sets s ON s.person_id = t.person_id
WHERE t.task_id = $1
FOR UPDATE OF t;

-- name: lock_put_off
-- In the order of their ids, so that two who lock several never wait for each other.
SELECT journey_id FROM tasks
WHERE journey_id = ANY($1::text[]) AND outcome = '' AND due_us > $2
  AND (agent_id = '' OR claimed_until_us <= $2)
ORDER BY task_id
FOR UPDATE;

-- name: next_task
SELECT t.*, j.dormant AS rests, coalesce(s.person_ids, ARRAY[t.person_id]) AS person_ids
FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
LEFT JOIN person_sets s ON s.person_id = t.person_id
WHERE t.outcome = '' AND NOT j.dormant AND t.due_us <= $2 AND (t.expires_us = 0 OR t.expires_us > $2)
  AND (t.agent_id = '' OR t.claimed_until_us <= $2) AND t.skills <@ $1::text[]
ORDER BY t.precedence DESC, t.priority DESC, t.due_us, t.task_id
LIMIT 1
FOR UPDATE OF t SKIP LOCKED;

-- name: waiting_tasks
SELECT t.*, j.dormant AS rests, coalesce(s.person_ids, ARRAY[t.person_id]) AS person_ids
FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
LEFT JOIN person_sets s ON s.person_id = t.person_id
WHERE t.outcome = '' AND NOT j.dormant AND t.due_us <= $2 AND (t.expires_us = 0 OR t.expires_us > $2)
  AND (t.agent_id = '' OR t.claimed_until_us <= $2) AND t.skills <@ $1::text[]
ORDER BY t.precedence DESC, t.priority DESC, t.due_us, t.task_id
LIMIT $3;

-- name: save_task
UPDATE tasks
SET agent_id = $2, claimed_until_us = $3, claims = $4, due_us = $5, outcome = $6, ended_by = $7,
    expires_us = $8, latest = $9, tries = $10
WHERE task_id = $1;

-- name: add_attempt
INSERT INTO task_attempts (task_id, number, agent_id, outcome, due_us, claimed_us, ended_us, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: person_key
SELECT wrapped FROM person_keys WHERE person_id = $1;

-- name: add_person_key
-- Of two who make one, the first one's counts.
INSERT INTO person_keys (person_id, wrapped)
SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM erased_persons WHERE person_id = $1)
ON CONFLICT (person_id) DO NOTHING;

-- name: noted
-- Tries of which something was noted, with the keys that it is sealed under, latest first.
SELECT a.task_id, a.number, a.agent_id, a.outcome, a.due_us, a.claimed_us, a.ended_us, a.note,
    t.person_id, k.wrapped
FROM tasks t JOIN task_attempts a USING (task_id) JOIN person_keys k USING (person_id)
WHERE t.person_id = ANY($1::text[]) AND a.note IS NOT NULL
ORDER BY a.ended_us DESC, a.task_id DESC, a.number DESC
LIMIT $2;

-- name: latest_renewal
SELECT renewal, renewed_us FROM key_renewal;

-- name: begin_renewal
INSERT INTO key_renewal (renewal, renewed_us) VALUES ($1, $2)
ON CONFLICT (one) DO UPDATE SET renewal = excluded.renewal, renewed_us = excluded.renewed_us;

-- name: keys_of_other_renewals
SELECT person_id, wrapped FROM person_keys
WHERE substring(wrapped FROM 2 FOR 4) <> $1 AND person_id > $2
ORDER BY person_id
LIMIT 500;

-- name: replace_keys
UPDATE person_keys SET wrapped = anew.wrapped
FROM unnest($1::text[], $2::bytea[]) AS anew (person_id, wrapped)
WHERE person_keys.person_id = anew.person_id;
