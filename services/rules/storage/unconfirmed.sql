-- name: lock_answered
-- Whoever erases one of them waits until what is added here can be seen, or is seen here.
SELECT lock_persons($1::text[])

-- name: add_answers
-- Columns of equal length, but for the persons: those of one answer stand from its first to its last.
INSERT INTO unconfirmed_answers AS known (decision_id, person_ids, answered_us, answer)
SELECT DISTINCT ON (decision_id) decision_id, person_ids, answered_us, answer
FROM (
    SELECT told.decision_id, ($3::text[])[told.first : told.last] AS person_ids, told.answered_us,
        told.answer, told.place
    FROM unnest($1::text[], $2::bigint[], $4::integer[], $5::integer[], $6::bytea[])
        WITH ORDINALITY AS told (decision_id, answered_us, first, last, answer, place)
) AS answers
WHERE NOT EXISTS (
    SELECT 1 FROM erased_persons e WHERE e.person_id = ANY(answers.person_ids)
)
ORDER BY decision_id, answered_us DESC, place
ON CONFLICT (decision_id) DO UPDATE
SET person_ids = excluded.person_ids, answered_us = excluded.answered_us, answer = excluded.answer
WHERE excluded.answered_us > known.answered_us

-- name: unconfirmed_answer
SELECT answer FROM unconfirmed_answers WHERE decision_id = $1

-- name: forget_unconfirmed_answers
WITH gone AS (
    DELETE FROM unconfirmed_answers WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM unconfirmed_answers WHERE answered_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone
