-- name: note_characteristics
-- Two that share a hash cannot be told apart; the first stays for as long as it is met.
INSERT INTO characteristics (hash, name, value, met_us)
SELECT told.hash, told.name, told.value, $4
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS told (hash, name, value)
ORDER BY told.hash
ON CONFLICT (hash) DO UPDATE SET met_us = excluded.met_us
WHERE characteristics.met_us < excluded.met_us
    AND (characteristics.name, characteristics.value) = (excluded.name, excluded.value)

-- name: characteristics
SELECT hash, name, value FROM characteristics ORDER BY hash

-- name: forget_characteristics
DELETE FROM characteristics WHERE met_us < $1

-- name: shown_between
-- What was shown, of a stretch of the log; whom it was shown to is known of linked rows only. What
-- was taken out of the model counts for nothing, and what was brought back was not accepted.
SELECT shown.number, shown.offer_no, shown.placement, shown.time_us, shown.features,
    shown.person_ids[1]::text AS person_id,
    EXISTS (
        SELECT FROM learning_rows AS answer
        WHERE answer.decision_id = shown.decision_id AND answer.placement = shown.placement
            AND answer.offer_no = shown.offer_no AND answer.outcome = 2
            AND answer.reverted_by = '{}'
    ) AND NOT EXISTS (
        SELECT FROM learning_rows AS answer
        WHERE answer.decision_id = shown.decision_id AND answer.placement = shown.placement
            AND answer.offer_no = shown.offer_no AND answer.outcome = 5
            AND answer.reverted_by = '{}'
    ) AS accepted
FROM learning_rows AS shown
WHERE shown.number > $1 AND shown.number <= $2 AND shown.outcome = 1
    AND shown.decision_id IS NOT NULL AND shown.person_ids <> '{}'
    AND shown.reverted_by = '{}'
ORDER BY shown.number
