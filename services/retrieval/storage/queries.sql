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
