-- name: seats
SELECT a.agent_id, a.presence, a.skills, a.capacity, a.changed_us,
    a.seen_time > clock_timestamp() - make_interval(secs => $2) AS is_here, (
    SELECT count(*) FROM tasks t
    WHERE t.agent_id = a.agent_id AND t.outcome = '' AND t.claimed_until_us > $1
      AND (t.expires_us = 0 OR t.expires_us > $1)) AS held
FROM agents a
ORDER BY a.agent_id;

-- name: lines
-- Of tasks that are not over: due and nobody's, held, put off by an agent, or for another reason.
SELECT kind, skills, count(*) FILTER (WHERE is_free AND due_us <= $1) AS waiting,
    coalesce(min(due_us) FILTER (WHERE is_free AND due_us <= $1), 0) AS oldest_us,
    count(*) FILTER (WHERE NOT is_free) AS claimed,
    count(*) FILTER (WHERE is_free AND due_us > $1 AND latest = 'snoozed') AS snoozed,
    count(*) FILTER (WHERE is_free AND due_us > $1 AND latest <> 'snoozed') AS later
FROM (
    SELECT t.kind, t.skills, t.due_us, t.latest,
        t.agent_id = '' OR t.claimed_until_us <= $1 AS is_free
    FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
    WHERE t.outcome = '' AND NOT j.dormant AND (t.expires_us = 0 OR t.expires_us > $1)
) open
GROUP BY kind, skills
ORDER BY kind, skills;

-- name: tried
SELECT t.kind, a.agent_id, a.outcome, a.due_us, a.claimed_us, a.ended_us
FROM task_attempts a JOIN tasks t ON t.task_id = a.task_id
WHERE a.ended_us > $1
ORDER BY a.ended_us DESC, a.task_id
LIMIT $2;

-- name: overdue
SELECT count(*) FROM tasks t
WHERE t.kind = $1 AND t.outcome = '' AND t.tries = 0 AND t.due_us <= $2
  AND (t.expires_us = 0 OR t.expires_us > $3) AND (t.agent_id = '' OR t.claimed_until_us <= $3);

-- name: rung_back
-- Their lane is that for which somebody waits.
SELECT kind, state, reason, count(*) AS number FROM errands
WHERE lane = -1 AND due_us > $1
GROUP BY kind, state, reason
ORDER BY kind, state, reason;

-- name: made
SELECT day, entered FROM rooms WHERE scenario = $1;
