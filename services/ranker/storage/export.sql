-- name: decisions
SELECT decision_id, person_ids, time_us, notice FROM decisions
WHERE person_ids && $1::uuid[]
ORDER BY time_us, decision_id

-- name: rankings
-- Also those that were ranked before it was known whose they are.
SELECT decision_id, person_ids, time_us, ranked FROM rankings
WHERE person_ids && $1::uuid[]
    OR decision_id IN (SELECT decision_id FROM decisions WHERE person_ids && $1::uuid[])
ORDER BY time_us, decision_id

-- name: learning_rows
SELECT number, decision_id, placement, offer_no, outcome, features, time_us, selection_probability,
    family_no, person_ids, credit, quantity, event_id, channel, purchase, bought_family_no,
    order_id, reverted_by
FROM learning_rows
WHERE person_ids && $1::uuid[]
ORDER BY number

-- name: taught
SELECT person_id, day, showings, acceptances FROM taught
WHERE person_id = ANY ($1::uuid[])
ORDER BY person_id, day

-- name: kept_answers
SELECT person_id, event_id, type, time_us, offer_no, family_no, decision_id, placement, state,
    parked_us, quantity, order_id, bought_family_no
FROM kept_answers
WHERE person_id = ANY ($1::uuid[])
ORDER BY time_us, event_id

-- name: person_sets
SELECT person_id, person_ids, version FROM person_sets WHERE person_ids && $1::uuid[]
