-- name: booster_version
SELECT version FROM booster_pointer

-- name: boosters
-- One statement, so that the version covers just these.
SELECT pointer.version, pointer.artefact AS served, pointer.standing, kept.artefact, kept.report
FROM booster_pointer AS pointer
LEFT JOIN boosters AS kept ON true
ORDER BY kept.number DESC

-- name: lock_booster_pointer
SELECT version FROM booster_pointer FOR UPDATE

-- name: point_to_booster
UPDATE booster_pointer SET version = version + 1, artefact = $1, standing = '' RETURNING version

-- name: note_standing
-- Only of what is served still; with an empty second text it is served no more.
UPDATE booster_pointer SET version = version + 1, artefact = $2, standing = $3
WHERE artefact = $1
RETURNING version

-- name: forget_booster
DELETE FROM boosters WHERE artefact = $1

-- name: keep_booster
INSERT INTO boosters (artefact, report) VALUES ($1, $2)

-- name: drop_older_boosters
DELETE FROM boosters
WHERE number NOT IN (SELECT number FROM boosters ORDER BY number DESC LIMIT $1)
