-- name: lock_catalogue
-- One writer at a time, so that versions and numbers have no holes and commit in order.
SELECT version, last_offer_no FROM catalogue_version FOR UPDATE

-- name: newest_version
SELECT version FROM catalogue_version

-- name: move_version
UPDATE catalogue_version SET version = $1, last_offer_no = $2

-- name: entries_by_id
SELECT offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined,
       set_lever, set_lever_until_us
FROM offers
WHERE offer_id = ANY ($1::text[])

-- name: variants_of
SELECT offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined,
       set_lever, set_lever_until_us
FROM offers
WHERE variant_of = ANY ($1::text[]) AND variant_of <> ''

-- name: write_entry
INSERT INTO offers
    (offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined, set_lever,
     set_lever_until_us, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (offer_no) DO UPDATE
SET kind = excluded.kind, content = excluded.content, variant_of = excluded.variant_of,
    family_no = excluded.family_no, about_nos = excluded.about_nos,
    is_defined = excluded.is_defined, set_lever = excluded.set_lever,
    set_lever_until_us = excluded.set_lever_until_us, version = excluded.version

-- name: note_lever
INSERT INTO lever_changes (offer_no, lever, until_us, why, changed_by, caller, changed_us)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: set_levers
-- The latest change of each offer whose lever is set.
SELECT DISTINCT ON (offers.offer_no) offers.offer_id, changes.*
FROM offers
JOIN lever_changes AS changes USING (offer_no)
WHERE offers.set_lever <> 1
ORDER BY offers.offer_no, changes.change_no DESC

-- name: lever_history
SELECT offers.offer_id, changes.*
FROM offers
JOIN lever_changes AS changes USING (offer_no)
WHERE offers.offer_id = $1
ORDER BY changes.change_no DESC
LIMIT $2

-- name: entries_after
-- The newest version is read in the same statement, so that it covers just these rows.
SELECT newest.version AS newest_version, changed.*
FROM catalogue_version AS newest
LEFT JOIN LATERAL (
    SELECT offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined,
           set_lever, set_lever_until_us, version
    FROM offers
    WHERE version > $1
    ORDER BY version, offer_no
    LIMIT $2
) AS changed ON true

-- name: catalogue_snapshot
-- One statement, so that all is of one moment.
SELECT catalogue.catalogue_id::text AS catalogue_id, catalogue.version AS newest_version,
       kept.artefact, kept.version
FROM catalogue_version AS catalogue
LEFT JOIN catalogue_snapshot AS kept ON true

-- name: keep_snapshot
-- Only a newer one replaces another, but for one that cannot be used; answers which file is needed
-- no more.
WITH before AS (SELECT artefact, version FROM catalogue_snapshot FOR UPDATE),
kept AS (
    INSERT INTO catalogue_snapshot (artefact, version) VALUES ($1, $2)
    ON CONFLICT (is_only) DO UPDATE SET artefact = excluded.artefact, version = excluded.version
    WHERE catalogue_snapshot.version < excluded.version OR catalogue_snapshot.artefact = $3
    RETURNING artefact
)
SELECT CASE WHEN EXISTS (SELECT FROM kept) THEN before.artefact ELSE $1 END AS artefact
FROM before

-- name: model_version
SELECT version FROM model_version

-- name: kept_models
-- One statement, so that the version covers just these models.
SELECT state.version, state.leased_until >= clock_timestamp() AS is_training,
       catalogue.catalogue_id::text AS current_catalogue_id,
       catalogue.version AS current_catalogue_version, kept.*
FROM model_version AS state
CROSS JOIN catalogue_version AS catalogue
LEFT JOIN LATERAL (
    SELECT model_no, person_artefact, catalogue_id::text AS catalogue_id, catalogue_version,
           trained_us, report, log_position, is_withdrawn,
           coalesce(artefacts, jsonb_build_object('items', item_artefact))::text AS artefacts
    FROM models
    ORDER BY model_no DESC
) AS kept ON true

-- name: begin_training
-- Machine time; the token fences off whoever held the lease before.
UPDATE model_version
SET token = token + 1, leased_until = clock_timestamp() + make_interval(secs => $1),
    is_scheduled = $2
WHERE leased_until < clock_timestamp() OR (is_scheduled AND NOT $2)
RETURNING token

-- name: renew_training
UPDATE model_version
SET leased_until = clock_timestamp() + make_interval(secs => $2)
WHERE token = $1 AND leased_until >= clock_timestamp()
RETURNING token

-- name: end_training
UPDATE model_version SET leased_until = '-infinity' WHERE token = $1

-- name: end_scheduled_training
-- What is taken back would come out of the same log again; the token fences it off.
UPDATE model_version SET token = token + 1, leased_until = '-infinity'
WHERE is_scheduled AND leased_until >= clock_timestamp()

-- name: lock_models
SELECT version, token, leased_until >= clock_timestamp() AS is_leased FROM model_version FOR UPDATE

-- name: move_model_version
UPDATE model_version SET version = version + 1 RETURNING version

-- name: write_model
INSERT INTO models
    (artefacts, item_artefact, person_artefact, catalogue_id, catalogue_version, trained_us, report,
     log_position)
VALUES ($1::text::jsonb, $1::text::jsonb ->> 'items', $2, $3::text::uuid, $4, $5, $6, $7)

-- name: drop_older_models
DELETE FROM models
WHERE model_no NOT IN (
    SELECT model_no FROM models ORDER BY is_withdrawn, model_no DESC LIMIT $1)
RETURNING model_no, person_artefact, catalogue_id::text AS catalogue_id, catalogue_version,
          trained_us, report, log_position, is_withdrawn,
          coalesce(artefacts, jsonb_build_object('items', item_artefact))::text AS artefacts

-- name: withdraw_newer_models
UPDATE models SET is_withdrawn = model_no > $1

-- name: attempt
SELECT tried_us, tried_position, outcome, failures FROM model_version

-- name: note_attempt
UPDATE model_version SET tried_us = $1, tried_position = $2, outcome = $3, failures = $4

-- name: drop_other_models
DELETE FROM models WHERE model_no <> ALL ($1::bigint[])

-- name: write_person_artefact
UPDATE models SET person_artefact = $2 WHERE model_no = $1

-- name: ask_erasure
INSERT INTO model_erasures (person_id)
SELECT unnest($1::text[])
ON CONFLICT DO NOTHING

-- name: model_erasures
SELECT person_id FROM model_erasures ORDER BY person_id

-- name: end_erasure
-- A training under way may have read the log before they were gone from it, and a model that was
-- added since may hold them; the lock waits for one that is just being added.
WITH state AS (SELECT version, leased_until FROM model_version FOR SHARE),
ended AS (
    DELETE FROM model_erasures
    USING state
    WHERE person_id = ANY ($1::text[]) AND state.version = $2
      AND state.leased_until < clock_timestamp()
)
SELECT version FROM state
