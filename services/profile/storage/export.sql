-- name: person_keys
SELECT person_id::text, key_wrapped FROM persons WHERE person_id = ANY($1::uuid[])

-- name: persons
SELECT person_id::text, created_us, name_encrypted FROM persons
WHERE person_id = ANY($1::uuid[])
ORDER BY person_id

-- name: profiles
SELECT person_id::text, group_id::text, version, seq, contribution_micros, state FROM profiles
WHERE person_id = ANY($1::uuid[])
ORDER BY person_id

-- name: identities
SELECT person_id::text, kind, value_encrypted, encode(identity_key, 'hex') AS identity_key,
    verified, shared, first_seen_us
FROM identities
WHERE person_id = ANY($1::uuid[])
ORDER BY first_seen_us, identity_key

-- name: shared_identities
-- Those that fit several people; the value is told with the person it was first seen of.
SELECT fit.person_id::text, identity.kind, encode(fit.identity_key, 'hex') AS identity_key
FROM shared_identities AS fit JOIN identities AS identity USING (identity_key)
WHERE fit.person_id = ANY($1::uuid[])
ORDER BY fit.identity_key

-- name: links
SELECT link_id::text, person_id::text, other_person_id::text, event_id, linked_us, undone_us
FROM links
WHERE person_id = ANY($1::uuid[]) OR other_person_id = ANY($1::uuid[])
ORDER BY linked_us, link_id

-- name: pending_folds
SELECT import_id, person_id::text, slice_id, events FROM pending_folds
WHERE person_id = ANY($1::uuid[])
ORDER BY slice_id

-- name: events
-- Some at a time, by position, so that years of a busy person never lie in memory at once.
SELECT position, person_id::text, seq, event_id, caller, received_us, time_us, type, channel,
    offer_no, family_no, category, brand, price_micros, cost_micros, quantity, value_micros,
    session_id, order_id, gift, duration_s, reassurance, details, decision_id, placement, private,
    slice_id, variant, topic, encode(owner_key, 'hex') AS owner_key
FROM events
WHERE person_id = ANY($1::uuid[]) AND position > $2
ORDER BY position
LIMIT 1000

-- name: relationships
SELECT person_id::text, role, owner_id, from_us, until_us, set_us FROM relationships
WHERE person_id = ANY($1::uuid[])
ORDER BY from_us, role

-- name: memberships
SELECT person_id::text, segment, is_member, changed_us FROM memberships
WHERE person_id = ANY($1::uuid[])
ORDER BY person_id, segment

-- name: webhook_told
-- Which receivers outside of the house were told of them and may still hold them.
SELECT person_id::text, webhook, checked_us FROM webhook_told
WHERE person_id = ANY($1::uuid[])
ORDER BY person_id, webhook

-- name: webhook_departures
-- Which of them are still to be told to delete them.
SELECT person_id::text, webhook, erased, left_us FROM webhook_departures
WHERE person_id = ANY($1::uuid[])
ORDER BY person_id, webhook

-- name: referrals
-- Whom they referred is kept by pseudonym only.
SELECT person_id::text, encode(referred_key, 'hex') AS referred_key, time_us FROM referrals
WHERE person_id = ANY($1::uuid[])
ORDER BY time_us, referred_key

-- name: referral_tallies
SELECT person_id::text, persons, contribution_micros FROM referral_tallies
WHERE person_id = ANY($1::uuid[])
ORDER BY person_id

-- name: parked_events
SELECT position, person_id::text, parked_us, tries, reason FROM parked_events
WHERE person_id = ANY($1::uuid[])
ORDER BY position
