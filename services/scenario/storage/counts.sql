-- name: stands
SELECT scenario, definition, stage, phase, obstacle, count(*) AS number,
    count(*) FILTER (WHERE due_us > 0 AND due_us < $2 AND NOT (phase = 3 AND entered_us < $3))
        AS overdue,
    count(*) FILTER (WHERE phase = 3 AND entered_us < $3) AS parked_long
FROM journeys
WHERE phase <> 4 AND NOT dormant AND ($1 = '' OR scenario = $1)
GROUP BY scenario, definition, stage, phase, obstacle;

-- name: flows
SELECT j.scenario, p.stage, coalesce(n.stage, '') AS next_stage,
    CASE WHEN n.stage IS NULL THEN j.outcome ELSE '' END AS outcome,
    CASE WHEN n.stage IS NULL AND j.outcome = 'answered' THEN j.answer ELSE '' END AS answer,
    CASE WHEN n.stage IS NULL THEN j.ended_as ELSE '' END AS ended_as,
    count(*) AS number
FROM journeys j JOIN passages p USING (journey_id)
LEFT JOIN passages n ON n.journey_id = p.journey_id AND n.occurrence = p.occurrence + 1
WHERE j.started_us >= $2 AND ($1 = '' OR j.scenario = $1)
GROUP BY 1, 2, 3, 4, 5, 6;

-- name: visits
WITH passed AS (
    SELECT j.scenario, p.stage, p.journey_id, coalesce(e.reached_us, 0) > 0 AS has_reached,
        coalesce(n.entered_us, CASE WHEN j.phase = 4 THEN j.ended_us END) - p.entered_us AS time_us
    FROM journeys j JOIN passages p USING (journey_id)
    LEFT JOIN passages n ON n.journey_id = p.journey_id AND n.occurrence = p.occurrence + 1
    LEFT JOIN entries e ON e.journey_id = j.journey_id
    WHERE j.started_us >= $2 AND ($1 = '' OR j.scenario = $1)
)
SELECT scenario, stage, count(*) AS entered, count(DISTINCT journey_id) AS journeys,
    count(DISTINCT journey_id) FILTER (WHERE has_reached) AS reached, count(time_us) AS left_it,
    coalesce(percentile_disc(0.1) WITHIN GROUP (ORDER BY time_us), 0) AS low_us,
    coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY time_us), 0) AS median_us,
    coalesce(percentile_disc(0.9) WITHIN GROUP (ORDER BY time_us), 0) AS high_us
FROM passed
GROUP BY scenario, stage;

-- name: ends
SELECT scenario, occurrence > 0 AS has_entered, outcome, ended_as, count(*) AS number FROM journeys
WHERE started_us >= $2 AND ($1 = '' OR scenario = $1)
GROUP BY 1, 2, 3, 4;

-- name: tasks
SELECT j.scenario, p.stage, t.outcome, count(*) AS number
FROM journeys j JOIN tasks t USING (journey_id)
JOIN passages p ON p.journey_id = t.journey_id AND p.occurrence = t.occurrence
WHERE j.started_us >= $2 AND ($1 = '' OR j.scenario = $1)
GROUP BY j.scenario, p.stage, t.outcome;

-- name: messages
SELECT j.scenario, e.stage_name, e.kind, e.state, e.reason, count(*) AS number
FROM journeys j JOIN errands e USING (journey_id)
WHERE j.started_us >= $2 AND ($1 = '' OR j.scenario = $1)
GROUP BY j.scenario, e.stage_name, e.kind, e.state, e.reason;

-- name: met
-- Whoever is one with somebody counts once, at the first time of any of them.
WITH firsts AS (
    SELECT DISTINCT ON (e.scenario, coalesce(s.person_ids[1], e.person_id)) e.*
    FROM entries e LEFT JOIN person_sets s ON s.person_id = e.person_id
    WHERE NOT e.is_shadow AND ($1 = '' OR e.scenario = $1)
    ORDER BY e.scenario, coalesce(s.person_ids[1], e.person_id), e.met_us, e.journey_id
)
SELECT scenario, held_out, count(*) AS people, count(*) FILTER (WHERE reached_us > 0) AS reached,
    count(*) FILTER (WHERE reached_us = 0 AND until_us >= $3) AS in_time
FROM firsts
WHERE met_us >= $2
GROUP BY scenario, held_out;

-- name: latest_edition
SELECT definition FROM journeys WHERE scenario = $1 ORDER BY started_us DESC, journey_id DESC LIMIT 1;
