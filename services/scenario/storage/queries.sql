-- name: save_agent
-- Keeps what an agent said last; an older word never overwrites a newer one.
INSERT INTO agents (agent_id, presence, skills, capacity, changed_us)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (agent_id) DO UPDATE
SET presence = excluded.presence, skills = excluded.skills, capacity = excluded.capacity,
    changed_us = excluded.changed_us
WHERE agents.changed_us <= excluded.changed_us;

-- name: find_agent
SELECT agent_id, presence, skills, capacity FROM agents WHERE agent_id = $1;
