-- name: lock_log
-- Whoever writes the log takes turns, so that numbers have no gaps and each sees the others' rows.
SELECT number FROM learning_log FOR UPDATE

-- name: written
SELECT number FROM learning_log

-- name: log_state
SELECT number, shown, accepted, declined, late, returned, reverted FROM learning_log

-- name: count_rows
UPDATE learning_log
SET number = number + $1, shown = shown + $2, accepted = accepted + $3, declined = declined + $4,
    late = late + $5, returned = returned + $6, reverted = reverted + $7

-- name: append_rows
INSERT INTO learning_rows
    (number, decision_id, placement, offer_no, outcome, features, time_us,
     selection_probability, family_no, person_ids, credit, quantity, event_id, channel,
     reverted_by, purchase, bought_family_no, order_id)
SELECT added.number, added.decision_id, added.placement, added.offer_no, added.outcome,
    added.features, added.time_us, added.selection_probability, added.family_no,
    string_to_array(added.person_ids, ',')::uuid[], added.credit, added.quantity, added.event_id,
    added.channel, string_to_array(added.reverted_by, ',')::bigint[], added.purchase,
    added.bought_family_no, added.order_id
FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::smallint[], $6::bytea[],
            $7::bigint[], $8::real[], $9::bigint[], $10::text[], $11::double precision[],
            $12::double precision[], $13::text[], $14::smallint[], $15::text[],
            $16::bigint[], $17::bigint[], $18::text[])
    AS added (number, decision_id, placement, offer_no, outcome, features, time_us,
              selection_probability, family_no, person_ids, credit, quantity, event_id, channel,
              reverted_by, purchase, bought_family_no, order_id)

-- name: rows_after
SELECT number, decision_id::text AS decision_id, placement, offer_no, outcome, features, time_us,
    selection_probability, family_no, person_ids::text[] AS person_ids, credit, quantity, event_id,
    channel, reverted_by, purchase, bought_family_no, order_id
FROM learning_rows
WHERE number > $1
ORDER BY number
LIMIT $2

-- name: rows_about
-- Rows of decisions that are named, and of those that showed some family to some person, or what was
-- redeemed by buying it.
WITH wanted AS (
    SELECT unnest($1::uuid[]) AS decision_id
    UNION
    SELECT decision_id FROM learning_rows
    WHERE person_ids && $2::uuid[]
        AND (family_no = ANY ($3::bigint[]) OR bought_family_no = ANY ($3::bigint[]))
)
SELECT number, decision_id::text AS decision_id, placement, offer_no, outcome, features, time_us,
    selection_probability, family_no, person_ids::text[] AS person_ids, credit, quantity, event_id,
    channel, reverted_by, purchase, bought_family_no, order_id
FROM learning_rows JOIN wanted USING (decision_id)
ORDER BY number

-- name: rows_of
-- Rows of decisions that are named.
SELECT number, decision_id::text AS decision_id, placement, offer_no, outcome, features, time_us,
    selection_probability, family_no, person_ids::text[] AS person_ids, credit, quantity, event_id,
    channel, reverted_by, purchase, bought_family_no, order_id
FROM learning_rows WHERE decision_id = ANY ($1::uuid[])
ORDER BY number

-- name: last_by
SELECT number FROM learning_rows WHERE time_us <= $1 ORDER BY number DESC LIMIT 1

-- name: answers_to
SELECT number, decision_id::text AS decision_id, placement, offer_no, outcome, features, time_us,
    selection_probability, family_no, person_ids::text[] AS person_ids, credit, quantity, event_id,
    channel, reverted_by, purchase, bought_family_no, order_id
FROM learning_rows WHERE decision_id = ANY ($1::uuid[]) AND outcome <> 1
ORDER BY number

-- name: decisions_named
SELECT notice FROM decisions WHERE decision_id = ANY ($1::uuid[])

-- name: sets_of
-- Of those named and of all who are the same as one of them.
WITH named AS (SELECT person_ids FROM person_sets WHERE person_id = ANY ($1::uuid[]))
SELECT person_id::text AS person_id, person_ids::text[] AS person_ids
FROM person_sets
WHERE person_id = ANY ($1::uuid[]) OR person_id IN (SELECT unnest(person_ids) FROM named)

-- name: erased_of
SELECT person_id::text AS person_id FROM erased_persons WHERE person_id = ANY ($1::uuid[])

-- name: note_set
-- Nothing is kept of those who are alone and always were, nor of who was erased.
INSERT INTO person_sets (person_id, person_ids, version)
SELECT $1::uuid, $2::uuid[], $3
WHERE NOT EXISTS (SELECT FROM erased_persons WHERE person_id = ANY ($2::uuid[] || $1::uuid))
    AND (cardinality($2::uuid[]) > 1
         OR EXISTS (SELECT FROM person_sets WHERE person_id = $1::uuid))
ON CONFLICT (person_id) DO UPDATE SET person_ids = excluded.person_ids, version = excluded.version
WHERE person_sets.version < excluded.version

-- name: taught_to
SELECT person_id::text AS person_id, day, showings, acceptances FROM taught
WHERE person_id = ANY ($1::uuid[]) AND day = ANY ($2::integer[])

-- name: count_taught
INSERT INTO taught (person_id, day, showings, acceptances)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[])
ON CONFLICT (person_id, day) DO UPDATE
SET showings = taught.showings + excluded.showings,
    acceptances = taught.acceptances + excluded.acceptances

-- name: keep_answers
INSERT INTO kept_answers
    (person_id, event_id, type, time_us, offer_no, family_no, decision_id, placement, state,
     parked_us, quantity, order_id, bought_family_no)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
                     $7::text[], $8::text[], $9::smallint[], $10::bigint[], $11::double precision[],
                     $12::text[], $13::bigint[])
ON CONFLICT (person_id, event_id) DO NOTHING

-- name: take_waiting
-- Also those that were put aside: their decision came after all.
DELETE FROM kept_answers WHERE decision_id = ANY ($1::text[]) AND state IN (0, 1)
RETURNING person_id::text AS person_id, event_id, type, time_us, offer_no, family_no, decision_id,
    placement, quantity, order_id, bought_family_no

-- name: unclaimed_of
SELECT person_id::text AS person_id, event_id, type, time_us, offer_no, family_no, decision_id,
    placement, quantity, order_id, bought_family_no
FROM kept_answers WHERE state = 3 AND person_id = ANY ($1::uuid[])
ORDER BY time_us, event_id

-- name: take_unclaimed
-- Also those whose decision seemed to be somebody else's.
DELETE FROM kept_answers WHERE state IN (3, 4) AND person_id = ANY ($1::uuid[])
RETURNING person_id::text AS person_id, event_id, type, time_us, offer_no, family_no, decision_id,
    placement, quantity, order_id, bought_family_no

-- name: drop_answers
DELETE FROM kept_answers AS kept
USING unnest($1::uuid[], $2::text[]) AS gone (person_id, event_id)
WHERE kept.person_id = gone.person_id AND kept.event_id = gone.event_id

-- name: park_late
UPDATE kept_answers SET state = 1, parked_us = $1
WHERE state = 0 AND kept_time < clock_timestamp() - make_interval(secs => $2)

-- name: parked_answers
SELECT state, count(*) AS count,
    (array_agg(event_id ORDER BY parked_us DESC, event_id DESC))[1] AS latest_event_id,
    max(parked_us) AS latest_us
FROM kept_answers WHERE state IN (1, 2, 4, 5, 6) GROUP BY state ORDER BY state

-- name: forget_unclaimed
WITH forgotten AS (
    DELETE FROM kept_answers WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM kept_answers WHERE state = 3 AND time_us < $1 LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM forgotten

-- name: forget_kept
WITH forgotten AS (
    DELETE FROM kept_answers WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM kept_answers WHERE time_us < $1 LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM forgotten

-- name: forget_taught
WITH forgotten AS (
    DELETE FROM taught WHERE ctid = ANY (ARRAY(SELECT ctid FROM taught WHERE day < $1 LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM forgotten

-- name: unlink_old
WITH unlinked AS (
    UPDATE learning_rows SET decision_id = NULL, person_ids = '{}', event_id = '', purchase = 0, order_id = '',
        features = without_characteristics(features)
    WHERE number = ANY (ARRAY(
        SELECT number FROM learning_rows WHERE time_us < $1 AND decision_id IS NOT NULL
        ORDER BY time_us LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM unlinked

-- name: unlink_persons
UPDATE learning_rows SET decision_id = NULL, person_ids = '{}', event_id = '', purchase = 0, order_id = '',
    features = without_characteristics(features)
WHERE person_ids && $1::uuid[]

-- name: erase_kept
WITH erased AS (DELETE FROM kept_answers WHERE person_id = ANY ($1::uuid[]) RETURNING 1)
SELECT count(*) FROM erased

-- name: erase_taught
DELETE FROM taught WHERE person_id = ANY ($1::uuid[])

-- name: erase_sets
DELETE FROM person_sets WHERE person_ids && $1::uuid[] OR person_id = ANY ($1::uuid[])

-- name: snapshots
-- Not those that hold what was reverted after they were saved, nor those that a version of before
-- saved during an upgrade: it passes over rows that it cannot read.
SELECT number, artefact, saved_us FROM model_snapshots AS saved
WHERE NOT EXISTS (
    SELECT FROM learning_reverts AS reverted
    WHERE reverted.number > saved.number AND reverted.first_row <= saved.number
)
    AND (saved_us > 0 OR number <= (SELECT old_snapshots_until FROM learning_log))
ORDER BY number DESC

-- name: keep_snapshot
-- In place of one that is passed over.
INSERT INTO model_snapshots (number, artefact, saved_us) VALUES ($1, $2, $3)
ON CONFLICT (number) DO UPDATE SET artefact = excluded.artefact, saved_us = excluded.saved_us
WHERE model_snapshots.saved_us = 0
    AND model_snapshots.number > (SELECT old_snapshots_until FROM learning_log)

-- name: drop_snapshots
-- All but these; an artefact is named twice when nothing changed in between.
DELETE FROM model_snapshots WHERE number <> ALL ($1::bigint[])
RETURNING artefact,
    artefact IN (SELECT artefact FROM model_snapshots WHERE number = ANY ($1::bigint[]))
        AS still_used
