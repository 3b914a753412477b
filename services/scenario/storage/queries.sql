-- name: save_agent
-- Keeps what an agent said last; an older word never overwrites a newer one.
INSERT INTO agents (agent_id, presence, skills, capacity, changed_us)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (agent_id) DO UPDATE
SET presence = excluded.presence, skills = excluded.skills, capacity = excluded.capacity,
    changed_us = excluded.changed_us, seen_time = clock_timestamp()
WHERE agents.changed_us <= excluded.changed_us;

-- name: touch_agent
-- Not with every word of somebody busy.
UPDATE agents SET seen_time = clock_timestamp()
WHERE agent_id = $1 AND seen_time < clock_timestamp() - interval '10 seconds';

-- name: find_agent
SELECT agent_id, presence, skills, capacity FROM agents WHERE agent_id = $1;
