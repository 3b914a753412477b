-- name: promises
-- Those that hold for a set of persons; one of each offer, the one that holds longest.
SELECT * FROM (
    SELECT DISTINCT ON (offer_no) offer_no, made_us, expires_us
    FROM promises
    WHERE person_id = ANY($1::text[]) AND person_id <> '' AND state = 2 AND expires_us > $2
    ORDER BY offer_no, expires_us DESC, made_us
) AS longest
ORDER BY made_us DESC, offer_no

-- name: budgets
SELECT offer_no, account, sum(held)::bigint AS held, sum(spent)::bigint AS spent FROM budgets
GROUP BY offer_no, account
ORDER BY offer_no, account COLLATE "C"

-- name: lapse_promises
SELECT lapse_promises($1, $2)

-- name: lapse_and_count
-- What lapses here is not yet in the counts.
SELECT due.lapsed, counts.* FROM (SELECT lapse_promises($1, $2) AS lapsed) AS due LEFT JOIN (
    SELECT offer_no, account, sum(held)::bigint AS held, sum(spent)::bigint AS spent FROM budgets
    GROUP BY offer_no, account
) AS counts ON true
ORDER BY offer_no, account COLLATE "C"

-- name: see_promises
-- What was seen is made; also what lapsed unseen, where no budget was given back for it. An impression
-- is known by its decision, else by its person.
WITH seen AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::integer[])
        AS told (person_id, decision_id, offer_no)
), found AS (
    SELECT p.promise_no
    FROM seen JOIN promises p ON p.decision_id = seen.decision_id AND p.offer_no = seen.offer_no
    WHERE p.state = 1 OR p.state = 5 AND p.accounts = '{}' AND p.free_us < p.expires_us
    UNION
    SELECT p.promise_no
    FROM seen JOIN promises p
        ON p.person_id = ANY(set_of(seen.person_id)) AND p.offer_no = seen.offer_no
    WHERE p.state = 1 AND p.person_id <> ''
), locked AS (
    SELECT promise_no FROM promises
    WHERE promise_no IN (SELECT promise_no FROM found)
        AND (state = 1 OR state = 5 AND accounts = '{}')
    ORDER BY offer_no, promise_no
    FOR UPDATE
)
UPDATE promises p
SET state = 2, free_us = p.expires_us + $4
FROM locked
WHERE p.promise_no = locked.promise_no

-- name: end_promises
SELECT end_promises($1, $2, $3, $4, $5, $6, $7)

-- name: erase_promises
SELECT erase_promises($1, $2)

-- name: forget_promises
WITH gone AS (
    DELETE FROM promises WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM promises WHERE state > 2 AND free_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone
