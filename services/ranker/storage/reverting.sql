-- name: take_time
-- A span may hold a million rows, which takes longer than anything that requests wait for.
SELECT set_config('statement_timeout', '300s', true),
    set_config('idle_in_transaction_session_timeout', '60s', true),
    set_config('lock_timeout', '10s', true)

-- name: count_span
-- The rows meant, and those that correct one of them and would correct nothing else; by offer and
-- outcome: how many there are, how many of them count so far, and the first.
WITH meant AS (
    SELECT number, decision_id, placement, offer_no, outcome FROM learning_rows
    WHERE time_us >= $1 AND time_us < $2 AND outcome <> 6
        AND (cardinality($3::bigint[]) = 0 OR offer_no = ANY ($3::bigint[]))
        AND ($4::text = '' OR placement = $4::text)
        AND ($5::smallint = 0 OR channel = $5::smallint)
), concerned AS (
    SELECT number FROM meant
    UNION
    SELECT later.number FROM meant
    JOIN learning_rows AS later USING (decision_id, placement, offer_no)
    WHERE later.number > meant.number
        AND (meant.outcome = 1 OR (meant.outcome IN (2, 4) AND later.outcome = 5))
)
SELECT offer_no, outcome, count(*) AS marked,
    count(*) FILTER (WHERE reverted_by = '{}') AS counted, min(number) AS first_row
FROM learning_rows JOIN concerned USING (number)
GROUP BY offer_no, outcome

-- name: mark_reverted
-- The same rows.
WITH meant AS (
    SELECT number, decision_id, placement, offer_no, outcome FROM learning_rows
    WHERE time_us >= $2 AND time_us < $3 AND outcome <> 6
        AND (cardinality($4::bigint[]) = 0 OR offer_no = ANY ($4::bigint[]))
        AND ($5::text = '' OR placement = $5::text)
        AND ($6::smallint = 0 OR channel = $6::smallint)
), concerned AS (
    SELECT number FROM meant
    UNION
    SELECT later.number FROM meant
    JOIN learning_rows AS later USING (decision_id, placement, offer_no)
    WHERE later.number > meant.number
        AND (meant.outcome = 1 OR (meant.outcome IN (2, 4) AND later.outcome = 5))
)
UPDATE learning_rows SET reverted_by = array_append(reverted_by, $1::bigint)
WHERE number IN (SELECT number FROM concerned)

-- name: unmark_reverted
-- As counted above: those count again that no other revert takes out.
WITH put_back AS (
    UPDATE learning_rows SET reverted_by = array_remove(reverted_by, $1::bigint)
    WHERE reverted_by <> '{}' AND $1::bigint = ANY (reverted_by)
    RETURNING number, offer_no, outcome, reverted_by
)
SELECT offer_no, outcome, count(*) AS marked,
    count(*) FILTER (WHERE reverted_by = '{}') AS counted, min(number) AS first_row
FROM put_back
GROUP BY offer_no, outcome

-- name: note_revert
INSERT INTO learning_reverts
    (number, from_us, to_us, offer_nos, placement, channel, rows, first_row, made_us, undoes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: reverts
SELECT number, from_us, to_us, offer_nos, placement, channel, rows, first_row, made_us, undoes
FROM learning_reverts ORDER BY number DESC

-- name: reverted_rows
SELECT count(*) FROM learning_rows WHERE reverted_by <> '{}'
