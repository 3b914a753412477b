-- name: lock_persons_of
-- Whoever erases one of them waits until what is added here can be seen, or is seen here.
SELECT lock_persons(ARRAY(
    SELECT DISTINCT unnest(person_ids) FROM decisions WHERE decision_id = ANY($1::text[])
))

-- name: add_recordings
INSERT INTO recorded_decisions (decision_id, person_id, person_ids, decided_us, recorded)
SELECT decision_id, d.person_id, d.person_ids, d.decided_us, told.recorded
FROM unnest($1::text[], $2::bytea[]) AS told (decision_id, recorded)
JOIN decisions d USING (decision_id)
WHERE NOT EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = ANY(d.person_ids))
ON CONFLICT (decision_id) DO NOTHING

-- name: count_recordings
SELECT count(*) FROM recorded_decisions WHERE decided_us >= $1 AND decided_us < $2

-- name: choose_recordings
-- Every n-th, so that there are $3 of them; the index holds all that is read here.
SELECT decision_id FROM (
    SELECT decision_id, decided_us,
        row_number() OVER (ORDER BY decided_us, decision_id) - 1 AS place,
        count(*) OVER () AS total
    FROM recorded_decisions
    WHERE decided_us >= $1 AND decided_us < $2
) AS placed
WHERE total <= $3 OR place * $3 / total <> (place + 1) * $3 / total
ORDER BY decided_us, decision_id

-- name: read_recordings
SELECT decision_id, person_ids, decided_us, recorded
FROM recorded_decisions
WHERE decision_id = ANY($1::text[])
ORDER BY decided_us, decision_id

-- name: forget_recorded_decisions
WITH gone AS (
    DELETE FROM recorded_decisions WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM recorded_decisions WHERE decided_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone
