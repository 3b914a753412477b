-- name: store_bundle
INSERT INTO bundles (bundle_hash, bundle) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: bundle
SELECT bundle FROM bundles WHERE bundle_hash = $1

-- name: bundles_beginning
-- At most two: more than one is too many.
SELECT bundle_hash FROM bundles WHERE starts_with(bundle_hash, $1) LIMIT 2

-- name: active_bundle
SELECT coalesce(bundle_hash, '') AS bundle_hash, coalesce(previous_hash, '') AS previous_hash,
    coalesce(preparing_hash, '') AS preparing_hash, trial_hash, trial_share, trial_salt
FROM active_bundle

-- name: prepare_bundle
-- What replicas said of it before is asked anew.
WITH forgotten AS (
    DELETE FROM acknowledgements WHERE bundle_hash = $1 AND failure <> ''
)
UPDATE active_bundle SET preparing_hash = $1

-- name: activate_bundle
-- Moves the pointer and notes who did, unless somebody else moved it, or prepares another bundle.
WITH moved AS (
    UPDATE active_bundle
    SET previous_hash = CASE WHEN bundle_hash = $1 THEN previous_hash ELSE bundle_hash END,
        bundle_hash = $1, trial_hash = $2, trial_share = $3, trial_salt = $4, preparing_hash = NULL
    WHERE bundle_hash IS NOT DISTINCT FROM $5 AND trial_hash IS NOT DISTINCT FROM $6
        AND trial_share IS NOT DISTINCT FROM $7 AND ($8 = '' OR preparing_hash = $8)
    RETURNING bundle_hash, trial_hash, trial_share, trial_salt
)
INSERT INTO versions (number, activated_us, cause, changed_by, caller, message, bundle_hash,
    trial_hash, trial_share, trial_salt)
SELECT (SELECT coalesce(max(number), 0) + 1 FROM versions), $9, $10, $11, $12, $13, moved.*
FROM moved
RETURNING number

-- name: versions
SELECT number, activated_us, cause, changed_by, caller, message, bundle_hash, trial_hash,
    trial_share, trial_salt
FROM versions
WHERE $1 = 0 OR number < $1
ORDER BY number DESC
LIMIT $2

-- name: abandon_bundle
UPDATE active_bundle SET preparing_hash = NULL WHERE preparing_hash = $1

-- name: see_replica
INSERT INTO replicas (service, replica, seen_time) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (service, replica) DO UPDATE SET seen_time = excluded.seen_time

-- name: see_replica_again
-- The pointer in the same round trip, for a replica that was seen within $3 seconds; no row for others.
WITH seen AS (
    UPDATE replicas SET seen_time = clock_timestamp()
    WHERE service = $1 AND replica = $2
        AND seen_time > clock_timestamp() - make_interval(secs => $3)
    RETURNING 1
)
SELECT coalesce(bundle_hash, '') AS bundle_hash, coalesce(previous_hash, '') AS previous_hash,
    coalesce(preparing_hash, '') AS preparing_hash, trial_hash, trial_share, trial_salt
FROM active_bundle, seen

-- name: acknowledge_bundle
-- What is said of a bundle that nobody stored is not kept.
INSERT INTO acknowledgements (bundle_hash, service, replica, failure)
SELECT bundle_hash, $2, $3, $4 FROM bundles WHERE bundle_hash = $1
ON CONFLICT (bundle_hash, service, replica) DO UPDATE SET failure = excluded.failure

-- name: readiness
-- Replicas that were seen lately, and what each said of a bundle: null is nothing yet.
SELECT r.service, r.replica, a.failure
FROM replicas r
LEFT JOIN acknowledgements a
    ON a.bundle_hash = $1 AND a.service = r.service AND a.replica = r.replica
WHERE r.seen_time > clock_timestamp() - $2::float8 * interval '1 second'
ORDER BY r.service, r.replica

-- name: forget_replicas
DELETE FROM replicas WHERE seen_time < clock_timestamp() - interval '1 day'
