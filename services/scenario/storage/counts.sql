-- name: stands
SELECT scenario, definition, stage, phase, obstacle, count(*) AS number,
    count(*) FILTER (WHERE due_us > 0 AND due_us < $2 AND NOT (phase = 3 AND entered_us < $3))
        AS overdue,
    count(*) FILTER (WHERE phase = 3 AND entered_us < $3) AS parked_long,
    count(*) FILTER (WHERE phase = 2 AND due_us = 0 AND entered_us < $4) AS endless,
    coalesce(min(due_us) FILTER (WHERE phase = 3 AND due_us > 0), 0) AS again_us
FROM journeys
WHERE phase <> 4 AND NOT dormant AND ($1 = '' OR scenario = $1)
GROUP BY scenario, definition, stage, phase, obstacle;

-- name: flows
WITH passed AS (
    SELECT j.scenario, p.stage, j.outcome, j.answer, j.ended_as,
        coalesce(lead(p.stage) OVER (PARTITION BY p.journey_id ORDER BY p.occurrence), '') AS onwards
    FROM journeys j JOIN passages p USING (journey_id)
    WHERE greatest(j.started_us, j.taken_up_us) >= $2 AND ($1 = '' OR j.scenario = $1)
)
SELECT scenario, stage, onwards,
    CASE WHEN onwards = '' THEN outcome ELSE '' END AS outcome,
    CASE WHEN onwards = '' AND outcome = 'answered' THEN answer ELSE '' END AS answer,
    CASE WHEN onwards = '' THEN ended_as ELSE '' END AS ended_as,
    count(*) AS number
FROM passed
GROUP BY 1, 2, 3, 4, 5, 6;

-- name: visits
WITH passed AS (
    SELECT j.scenario, p.stage, p.journey_id, coalesce(e.reached_us, 0) > 0 AS has_reached,
        p.entered_us, CASE WHEN j.phase = 4 THEN j.ended_us END AS ended_us,
        lead(p.entered_us) OVER (PARTITION BY p.journey_id ORDER BY p.occurrence) AS left_us
    FROM journeys j JOIN passages p USING (journey_id) LEFT JOIN entries e USING (journey_id)
    WHERE greatest(j.started_us, j.taken_up_us) >= $2 AND ($1 = '' OR j.scenario = $1)
), counted AS (
    SELECT scenario, stage, count(*) AS entered, count(DISTINCT journey_id) AS journeys,
        count(DISTINCT journey_id) FILTER (WHERE has_reached) AS reached,
        count(coalesce(left_us, ended_us)) AS left_it,
        percentile_disc(ARRAY[0.1, 0.5, 0.9])
            WITHIN GROUP (ORDER BY coalesce(left_us, ended_us) - entered_us) AS spread
    FROM passed
    GROUP BY scenario, stage
)
SELECT scenario, stage, entered, journeys, reached, left_it,
    coalesce(spread[1], 0) AS low_us, coalesce(spread[2], 0) AS median_us,
    coalesce(spread[3], 0) AS high_us
FROM counted;

-- name: ends
SELECT scenario, occurrence > 0 AS has_entered, outcome, ended_as, count(*) AS number FROM journeys
WHERE greatest(started_us, taken_up_us) >= $2 AND ($1 = '' OR scenario = $1)
GROUP BY 1, 2, 3, 4;

-- name: tasks
SELECT j.scenario, p.stage, t.outcome, count(*) AS number
FROM journeys j JOIN tasks t USING (journey_id)
JOIN passages p ON p.journey_id = t.journey_id AND p.occurrence = t.occurrence
WHERE greatest(j.started_us, j.taken_up_us) >= $2 AND ($1 = '' OR j.scenario = $1)
GROUP BY j.scenario, p.stage, t.outcome;

-- name: messages
SELECT j.scenario, e.stage_name, e.kind, e.state,
    coalesce(nullif(e.obstacle, ''), e.reason) AS reason, count(*) AS number
FROM journeys j JOIN errands e USING (journey_id)
WHERE greatest(j.started_us, j.taken_up_us) >= $2 AND ($1 = '' OR j.scenario = $1)
GROUP BY 1, 2, 3, 4, 5;

-- name: met
-- Whoever is one with somebody counts once, at the first time of any of them.
WITH firsts AS (
    SELECT DISTINCT ON (e.scenario, coalesce(s.person_ids[1], e.person_id)) e.*
    FROM entries e LEFT JOIN person_sets s ON s.person_id = e.person_id
    WHERE NOT e.is_shadow AND ($1 = '' OR e.scenario = $1)
    ORDER BY e.scenario, coalesce(s.person_ids[1], e.person_id), e.met_us, e.journey_id
)
SELECT scenario, held_out, count(*) AS people, count(*) FILTER (WHERE reached_us > 0) AS reached,
    count(*) FILTER (WHERE reached_us = 0 AND until_us >= $3) AS in_time,
    count(*) FILTER (WHERE value_micros > 0) AS valued,
    coalesce(sum(value_micros), 0)::bigint AS value_micros
FROM firsts
WHERE met_us >= $2
GROUP BY scenario, held_out;

-- name: taken_up
WITH begun AS (
    SELECT scenario, count(*) AS number, count(*) FILTER (WHERE occurrence > 0) AS entered,
        count(*) FILTER (WHERE phase <> 4 AND occurrence = 0 AND NOT dormant) AS waiting,
        coalesce(max(due_us) FILTER (WHERE phase <> 4 AND occurrence = 0 AND NOT dormant), 0)
            AS last_us
    FROM journeys
    WHERE taken_up_us > 0 AND taken_up_us >= $2 AND ($1 = '' OR scenario = $1)
    GROUP BY scenario
)
SELECT scenario, coalesce(l.people, 0) AS looked_at, coalesce(l.is_through, true) AS is_through,
    coalesce(b.number, 0) AS number, coalesce(b.waiting, 0) AS waiting,
    coalesce(b.entered, 0) AS entered, coalesce(b.last_us, 0) AS last_us
FROM begun b FULL JOIN looks l USING (scenario)
WHERE $1 = '' OR scenario = $1;

-- name: failed
SELECT scenario, place, sum(number)::bigint AS number FROM unevaluated
WHERE day >= $2::bigint / 86400000000 AND ($1 = '' OR scenario = $1)
GROUP BY scenario, place;

-- name: add_unevaluated
-- In one order, so that two who add to several never wait for each other.
INSERT INTO unevaluated AS known (scenario, place, day, number)
SELECT scenario, place, $4::integer, number
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS counted (scenario, place, number)
ORDER BY scenario, place
ON CONFLICT (scenario, place, day) DO UPDATE SET number = known.number + excluded.number;

-- name: forget_unevaluated
DELETE FROM unevaluated WHERE day < $1;

-- name: latest_edition
SELECT definition FROM journeys WHERE scenario = $1
ORDER BY greatest(started_us, taken_up_us) DESC, journey_id DESC LIMIT 1;
