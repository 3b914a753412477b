-- name: lock_answered
-- Whoever erases one of them waits until what is added here can be seen, or is seen here.
SELECT lock_persons($1::text[])

-- name: add_answer
INSERT INTO unconfirmed_answers AS known (decision_id, person_ids, answered_us, answer)
SELECT $1::text, $2::text[], $3::bigint, $4::bytea
WHERE NOT EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = ANY($2::text[]))
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
