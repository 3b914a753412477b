-- name: add_counts
INSERT INTO rule_counts AS known
    (hour_us, rule, shadow, placement, decisions, candidates, failed, people)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::bigint[],
    $6::bigint[], $7::bigint[], $8::bit varying[])
ON CONFLICT (hour_us, rule, shadow, placement) DO UPDATE
SET decisions = known.decisions + excluded.decisions,
    candidates = known.candidates + excluded.candidates,
    failed = known.failed + excluded.failed,
    people = known.people | excluded.people

-- name: counts
SELECT rule, shadow, placement, sum(decisions)::bigint AS decisions,
    sum(candidates)::bigint AS candidates, sum(failed)::bigint AS failed, bit_or(people) AS people
FROM rule_counts
WHERE hour_us >= $1 AND hour_us < $2
GROUP BY rule, shadow, placement

-- name: add_failures
INSERT INTO rule_failures AS known (minute_us, rule, shadow, decisions)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bigint[])
ON CONFLICT (minute_us, rule, shadow) DO UPDATE
SET decisions = known.decisions + excluded.decisions

-- name: failures
SELECT rule, shadow, sum(decisions)::bigint AS decisions, max(minute_us) AS latest_us
FROM rule_failures
WHERE minute_us >= $1
GROUP BY rule, shadow
ORDER BY sum(decisions) DESC, rule, shadow

-- name: begin_position
INSERT INTO log_positions (log, position) VALUES ($1, 0) ON CONFLICT (log) DO NOTHING

-- name: count_on
-- Returns nothing when somebody else counted on from there.
UPDATE log_positions SET position = $3 WHERE log = $1 AND position = $2 RETURNING position

-- name: add_answers
INSERT INTO rule_answers AS known
    (hour_us, bundle_hash, rule, touch, shown, accepted, declined, value_micros)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::smallint[], $5::bigint[],
    $6::bigint[], $7::bigint[], $8::bigint[])
ON CONFLICT (hour_us, bundle_hash, rule, touch) DO UPDATE
SET shown = known.shown + excluded.shown,
    accepted = known.accepted + excluded.accepted,
    declined = known.declined + excluded.declined,
    value_micros = known.value_micros + excluded.value_micros

-- name: answers
SELECT bundle_hash, rule, touch, sum(shown)::bigint AS shown, sum(accepted)::bigint AS accepted,
    sum(declined)::bigint AS declined, sum(value_micros)::bigint AS value_micros
FROM rule_answers
WHERE hour_us >= $1 AND hour_us < $2
GROUP BY bundle_hash, rule, touch

-- name: log_position
SELECT position FROM log_positions WHERE log = $1

-- name: forget_counts
WITH gone AS (
    DELETE FROM rule_counts WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM rule_counts WHERE hour_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_answers
WITH gone AS (
    DELETE FROM rule_answers WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM rule_answers WHERE hour_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_failures
WITH gone AS (
    DELETE FROM rule_failures WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM rule_failures WHERE minute_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone
