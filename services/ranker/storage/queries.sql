-- name: append_decisions
-- A decision stays as it was first written: repeats of a standing one say nothing new.
INSERT INTO decisions (decision_id, person_ids, time_us, notice)
SELECT entry.decision_id, persons.ids, entry.time_us, entry.notice
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bytea[])
    AS entry (decision_id, person_ids, time_us, notice)
CROSS JOIN LATERAL (SELECT string_to_array(entry.person_ids, ',')::uuid[]) AS persons (ids)
WHERE NOT EXISTS (SELECT FROM erased_persons WHERE person_id = ANY (persons.ids))
ON CONFLICT (decision_id) DO NOTHING
RETURNING decision_id;

-- name: newest_decisions
SELECT decision_id, person_ids, time_us, notice
FROM decisions
WHERE (cardinality($1::uuid[]) = 0 OR person_ids && $1::uuid[]) AND time_us >= $2
ORDER BY time_us DESC, decision_id DESC
LIMIT $3;

-- name: hold_appends
-- Until the transaction ends; what is being appended is waited for.
LOCK TABLE decisions, rankings IN SHARE ROW EXCLUSIVE MODE;

-- name: note_erased
INSERT INTO erased_persons (person_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING;

-- name: erase_decisions
WITH erased AS (DELETE FROM decisions WHERE person_ids && $1::uuid[] RETURNING 1)
SELECT count(*) FROM erased;

-- name: forget_decisions
SELECT forget_days('decisions', $1);

-- name: decision_of
SELECT decision_id, person_ids, time_us, notice FROM decisions WHERE decision_id = $1::uuid;
