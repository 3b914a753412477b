-- name: add_rankings
-- One stays as it was first written: a decision that stands is ranked again under its id.
INSERT INTO rankings (decision_id, person_ids, time_us, ranked)
SELECT entry.decision_id, persons.ids, entry.time_us, entry.ranked
FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bytea[])
    AS entry (decision_id, person_ids, time_us, ranked)
CROSS JOIN LATERAL (SELECT string_to_array(entry.person_ids, ',')::uuid[]) AS persons (ids)
WHERE NOT EXISTS (SELECT FROM erased_persons WHERE person_id = ANY (persons.ids))
ON CONFLICT (decision_id) DO NOTHING;

-- name: ranking_of
SELECT decision_id::text AS decision_id, person_ids::text[] AS person_ids, time_us, ranked
FROM rankings WHERE decision_id = $1::uuid;

-- name: rankings_between
-- In order of time and id, after the one given.
SELECT decision_id::text AS decision_id, person_ids::text[] AS person_ids, time_us, ranked
FROM rankings
WHERE time_us < $2 AND (time_us, decision_id) > ($1::bigint, $3::uuid)
ORDER BY time_us, decision_id
LIMIT $4;

-- name: count_rankings
SELECT count(*) FROM rankings WHERE time_us >= $1 AND time_us < $2;

-- name: erase_rankings
-- Those of decisions, too, of which it was not known whose they were when they were ranked.
WITH erased AS (
    DELETE FROM rankings
    WHERE person_ids && $1::uuid[]
        OR decision_id IN (SELECT decision_id FROM decisions WHERE person_ids && $1::uuid[])
    RETURNING 1)
SELECT count(*) FROM erased;

-- name: missing_days
-- Of this day, business time, and the next two; what came before it was kept by the day has its own.
SELECT parent, day::date AS day
FROM unnest(ARRAY['decisions', 'rankings']) AS parent,
    generate_series($1::date, $1::date + 2, interval '1 day') AS day
WHERE to_regclass(quote_ident(parent || to_char(day, '"_"YYYYMMDD'))) IS NULL
    AND (parent <> 'decisions' OR NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = to_regclass('decisions_before') AND conname LIKE 'before\_%'
            AND day::date < to_date(right(conname, 8), 'YYYYMMDD')))
ORDER BY parent, day;

-- name: make_day
-- By one replica: another that comes meanwhile need not wait for it.
SELECT make_day($1::text, $2::date)
WHERE pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.days', 0));

-- name: forget_rankings
SELECT forget_days('rankings', $1);

-- name: outcomes_of
SELECT placement, offer_no, outcome FROM learning_rows WHERE decision_id = $1::uuid;

-- name: history_key
SELECT key FROM history_key;

-- name: note_history
-- Those that are new.
INSERT INTO history_showings (showing_id) SELECT unnest($1::uuid[])
ON CONFLICT DO NOTHING
RETURNING showing_id::text AS showing_id;
