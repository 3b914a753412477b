-- name: note_experiments
-- In the order of their names: two replicas may note the same ones. The widest definition stays.
INSERT INTO experiments (experiment, first_us, definition, share, variants)
SELECT experiment, $2, definition, share, variants
FROM unnest($1::text[], $3::bytea[], $4::double precision[], $5::integer[])
    AS noted (experiment, definition, share, variants)
ORDER BY experiment
ON CONFLICT (experiment) DO UPDATE
SET first_us = least(experiments.first_us, excluded.first_us),
    definition = CASE
        WHEN (excluded.share, excluded.variants) >= (experiments.share, experiments.variants)
        THEN excluded.definition ELSE experiments.definition
    END,
    share = greatest(experiments.share, excluded.share),
    variants = CASE
        WHEN (excluded.share, excluded.variants) >= (experiments.share, experiments.variants)
        THEN excluded.variants ELSE experiments.variants
    END

-- name: resettle_experiments
UPDATE experiments
SET definition = noted.definition, share = noted.share, variants = noted.variants
FROM unnest($1::text[], $2::bytea[], $3::double precision[], $4::integer[])
    AS noted (experiment, definition, share, variants)
WHERE experiments.experiment = noted.experiment

-- name: experiments
SELECT definition, first_us FROM experiments ORDER BY experiment

-- name: sharing_versions
SELECT activated_us, bundle_hash, trial_hash, trial_share, trial_salt FROM versions ORDER BY number

-- name: sharings
SELECT bundle_hash, sharing FROM bundles WHERE sharing IS NOT NULL AND bundle_hash = ANY ($1::text[])

-- name: whole_bundle
SELECT bundle FROM bundles WHERE bundle_hash = $1

-- name: keep_sharing
UPDATE bundles SET sharing = $2 WHERE bundle_hash = $1
