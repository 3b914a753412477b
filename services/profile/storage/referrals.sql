-- name: write_referrals
-- The same person referred again by the same counts once, from the first word on. What was said of
-- somebody before they were erased is not taken in again.
INSERT INTO referrals (person_id, referred_key, time_us)
SELECT person_id, referred_key, min(time_us)
FROM unnest($1::uuid[], $2::bytea[], $3::bigint[]) AS said (person_id, referred_key, time_us)
WHERE NOT EXISTS (
    SELECT FROM erased_identities AS erased
    WHERE erased.identity_key = said.referred_key AND erased.erased_us >= said.time_us)
GROUP BY person_id, referred_key
ORDER BY person_id, referred_key
ON CONFLICT (person_id, referred_key) DO UPDATE
SET time_us = least(referrals.time_us, excluded.time_us)

-- name: restore_referrals
-- By the first identity that leads to the referred here. An erasure of either waits.
WITH held AS (
    SELECT person_id FROM profiles WHERE person_id = ANY($1::uuid[] || $2::uuid[])
    ORDER BY profiles.person_id
    FOR KEY SHARE
)
INSERT INTO referrals (person_id, referred_key, time_us)
SELECT said.person_id, known.identity_key, min(said.time_us)
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS said (person_id, referred_id, time_us)
JOIN held AS own ON own.person_id = said.person_id
JOIN held AS other ON other.person_id = said.referred_id
CROSS JOIN LATERAL (
    SELECT identity_key FROM identities
    WHERE identities.person_id = said.referred_id AND NOT shared
    ORDER BY first_seen_us, identity_key
    LIMIT 1) AS known
GROUP BY said.person_id, known.identity_key
ORDER BY said.person_id, known.identity_key
ON CONFLICT (person_id, referred_key) DO UPDATE
SET time_us = least(referrals.time_us, excluded.time_us)

-- name: erase_referrals
-- Also where an erased person was referred by others.
DELETE FROM referrals WHERE person_id = ANY($1::uuid[]) OR referred_key = ANY($2::bytea[])

-- name: all_referrals
-- An identity that fits several people leads to none of them.
SELECT said.person_id::text, own.group_id::text, said.time_us,
    coalesce(other.group_id::text, encode(said.referred_key, 'hex')) AS referred,
    coalesce(worth.contribution_micros, 0) AS contribution_micros
FROM referrals AS said
JOIN profiles AS own ON own.person_id = said.person_id
LEFT JOIN identities AS known ON known.identity_key = said.referred_key AND NOT known.shared
LEFT JOIN profiles AS other ON other.person_id = known.person_id
LEFT JOIN LATERAL (
    SELECT sum(member.contribution_micros)::bigint AS contribution_micros
    FROM profiles AS member WHERE member.group_id = other.group_id) AS worth ON true

-- name: referral_tallies
SELECT person_id::text, persons, contribution_micros FROM referral_tallies

-- name: write_tallies
INSERT INTO referral_tallies (person_id, persons, contribution_micros)
SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[])
ON CONFLICT (person_id) DO UPDATE
SET persons = excluded.persons, contribution_micros = excluded.contribution_micros

-- name: forget_tallies
DELETE FROM referral_tallies WHERE person_id = ANY($1::uuid[])

-- name: referrals_of
-- Whom persons of a set referred: the oldest of the set, null where they are not known.
SELECT min(said.time_us) AS time_us, other.group_id::text
FROM referrals AS said
LEFT JOIN identities AS known ON known.identity_key = said.referred_key AND NOT known.shared
LEFT JOIN profiles AS other ON other.person_id = known.person_id
WHERE said.person_id = ANY($1::uuid[])
GROUP BY other.group_id, CASE WHEN other.group_id IS NULL THEN said.referred_key END
ORDER BY 1 DESC
LIMIT 100

-- name: referred_by
-- Who was the first to refer one of the persons.
SELECT own.group_id::text, said.time_us
FROM identities AS known
JOIN referrals AS said ON said.referred_key = known.identity_key
JOIN profiles AS own ON own.person_id = said.person_id
WHERE known.person_id = ANY($1::uuid[]) AND NOT known.shared
    AND NOT own.person_id = ANY($1::uuid[])
ORDER BY said.time_us, said.person_id
LIMIT 1
