-- name: looks
SELECT scenario, meant, begun_us, position, is_through, people FROM looks ORDER BY scenario;

-- name: begin_look
INSERT INTO looks (scenario, meant, begun_us) VALUES ($1, $2, $3)
ON CONFLICT (scenario) DO UPDATE
SET meant = excluded.meant, begun_us = excluded.begun_us, position = 0, is_through = false,
    people = 0
WHERE looks.meant <> excluded.meant;

-- name: end_looks
DELETE FROM looks WHERE NOT scenario = ANY($1::text[]);

-- name: hold_look
-- Nobody moves it until the transaction ends; nothing where somebody has moved it.
SELECT 1 FROM looks WHERE scenario = $1 AND begun_us = $2 AND position = $3 FOR SHARE;

-- name: move_look
UPDATE looks SET position = $4, people = people + $5, is_through = is_through OR $6
WHERE scenario = $1 AND begun_us = $2 AND position = $3
RETURNING 1;

-- name: waiting
-- Of these persons those who were taken up and wait, or are one with somebody who does.
SELECT DISTINCT asked.person_id
FROM unnest($2::text[]) AS asked (person_id)
LEFT JOIN person_sets s ON s.person_id = asked.person_id
CROSS JOIN LATERAL unnest(coalesce(s.person_ids, ARRAY[asked.person_id])) AS one (person_id)
JOIN journeys j ON j.person_id = one.person_id
WHERE j.scenario = $1 AND j.taken_up_us > 0 AND j.phase = 1;

-- name: looks_again
SELECT a.number, j.scenario, j.person_id
FROM looks_again a LEFT JOIN journeys j USING (journey_id)
ORDER BY a.number;

-- name: looked_again
DELETE FROM looks_again WHERE number = ANY($1::bigint[]);
