-- name: first_decided
SELECT min(time_us) FROM decisions WHERE time_us >= $1 AND time_us < $2

-- name: decided_between
-- After the last one read, of which several may have been made in the same instant.
SELECT decision_id, time_us, notice FROM decisions
WHERE (time_us, decision_id) > ($1, $2::uuid) AND time_us < $3
ORDER BY time_us, decision_id
LIMIT $4

-- name: joined_sets
SELECT person_id::text AS person_id, person_ids[1]::text AS oldest_id FROM person_sets
WHERE cardinality(person_ids) > 1 AND person_id > $1::uuid
ORDER BY person_id
LIMIT $2
