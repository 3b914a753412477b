-- name: lock_catalogue
-- One writer at a time, so that versions and numbers have no holes and commit in order.
SELECT version, last_offer_no FROM catalogue_version FOR UPDATE

-- name: newest_version
SELECT version FROM catalogue_version

-- name: move_version
UPDATE catalogue_version SET version = $1, last_offer_no = $2

-- name: entries_by_id
SELECT offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined
FROM offers
WHERE offer_id = ANY ($1::text[])

-- name: variants_of
SELECT offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined
FROM offers
WHERE variant_of = ANY ($1::text[]) AND variant_of <> ''

-- name: write_entry
INSERT INTO offers
    (offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (offer_no) DO UPDATE
SET kind = excluded.kind, content = excluded.content, variant_of = excluded.variant_of,
    family_no = excluded.family_no, about_nos = excluded.about_nos,
    is_defined = excluded.is_defined, version = excluded.version

-- name: entries_after
-- The newest version is read in the same statement, so that it covers just these rows.
SELECT newest.version AS newest_version, changed.*
FROM catalogue_version AS newest
LEFT JOIN LATERAL (
    SELECT offer_no, offer_id, kind, content, variant_of, family_no, about_nos, is_defined, version
    FROM offers
    WHERE version > $1
    ORDER BY version, offer_no
    LIMIT $2
) AS changed ON true

-- name: model_version
SELECT version FROM model_version

-- name: kept_models
-- One statement, so that the version covers just these models.
SELECT state.version, catalogue.catalogue_id::text AS current_catalogue_id,
       catalogue.version AS current_catalogue_version, kept.*
FROM model_version AS state
CROSS JOIN catalogue_version AS catalogue
LEFT JOIN LATERAL (
    SELECT model_no, item_artefact, person_artefact, catalogue_id::text AS catalogue_id,
           catalogue_version, trained_us, report
    FROM models
    ORDER BY model_no DESC
) AS kept ON true

-- name: begin_training
-- Machine time; the token fences off whoever held the lease before.
UPDATE model_version
SET token = token + 1, leased_until = clock_timestamp() + make_interval(secs => $1)
WHERE leased_until < clock_timestamp()
RETURNING token

-- name: renew_training
UPDATE model_version
SET leased_until = clock_timestamp() + make_interval(secs => $2)
WHERE token = $1 AND leased_until >= clock_timestamp()
RETURNING token

-- name: end_training
UPDATE model_version SET leased_until = '-infinity' WHERE token = $1

-- name: lock_models
SELECT version, token, leased_until >= clock_timestamp() AS is_leased FROM model_version FOR UPDATE

-- name: move_model_version
UPDATE model_version SET version = version + 1 RETURNING version

-- name: write_model
INSERT INTO models
    (item_artefact, person_artefact, catalogue_id, catalogue_version, trained_us, report)
VALUES ($1, $2, $3::text::uuid, $4, $5, $6)

-- name: drop_older_models
DELETE FROM models
WHERE model_no NOT IN (SELECT model_no FROM models ORDER BY model_no DESC LIMIT $1)
RETURNING model_no, item_artefact, person_artefact, catalogue_id::text AS catalogue_id,
          catalogue_version, trained_us, report

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
-- A training under way may have read the log before they were gone from it.
DELETE FROM model_erasures
USING model_version AS state
WHERE person_id = ANY ($1::text[]) AND state.leased_until < clock_timestamp()
