-- name: hold_persons
-- Does not hinder events, but an erasure waits.
SELECT person_id::text FROM profiles WHERE person_id = ANY($1::uuid[])
ORDER BY profiles.person_id
FOR KEY SHARE

-- name: known_links
SELECT link_id::text FROM links WHERE link_id = ANY($1::uuid[])

-- name: date_back_persons
UPDATE persons SET created_us = least(persons.created_us, moment.time_us)
FROM unnest($1::uuid[], $2::bigint[]) AS moment (person_id, time_us)
WHERE persons.person_id = moment.person_id

-- name: date_back_identities
UPDATE identities SET first_seen_us = least(first_seen_us, moment.time_us)
FROM unnest($1::bytea[], $2::bigint[]) AS moment (identity_key, time_us)
WHERE identities.identity_key = moment.identity_key

-- name: date_back_links
UPDATE links SET linked_us = least(linked_us, moment.time_us)
FROM unnest($1::uuid[], $2::bigint[]) AS moment (link_id, time_us)
WHERE links.link_id = moment.link_id

-- name: export_persons
SELECT person_id::text, group_id::text, state, created_us, key_wrapped, name_encrypted
FROM profiles JOIN persons USING (person_id)
WHERE person_id > $1::uuid
ORDER BY profiles.person_id
LIMIT $2

-- name: export_sets
-- The sets of those persons who are the oldest of theirs.
SELECT person_id::text, group_id::text, version, seq, freeing_seq, state
FROM profiles
WHERE group_id = ANY($1::uuid[])
ORDER BY profiles.group_id, profiles.person_id

-- name: export_identities
SELECT person_id::text, kind, verified, value_encrypted, first_seen_us,
    CASE WHEN shared THEN (
        SELECT array_agg(fit.person_id::text ORDER BY fit.person_id)
        FROM shared_identities AS fit WHERE fit.identity_key = identities.identity_key) END AS fits
FROM identities
WHERE person_id = ANY($1::uuid[])
ORDER BY identities.person_id, first_seen_us, identity_key

-- name: export_referrals
-- Of whom is known who they are: pseudonyms mean nothing in another home.
SELECT said.person_id::text, known.person_id::text, min(said.time_us) AS said_us
FROM referrals AS said
JOIN identities AS known ON known.identity_key = said.referred_key AND NOT known.shared
WHERE said.person_id = ANY($1::uuid[])
GROUP BY said.person_id, known.person_id
ORDER BY said.person_id, 3, known.person_id

-- name: export_links
SELECT link_id::text, person_id::text, other_person_id::text, event_id, linked_us
FROM links
WHERE undone_us IS NULL AND person_id = ANY($1::uuid[])
ORDER BY linked_us, links.link_id

-- name: export_events
-- Within a window of positions, so that a rare type does not make it a long statement.
SELECT position, person_id::text, event_id, caller, type, time_us, received_us, channel,
    CASE WHEN slice_id IS NULL THEN 1 ELSE 2 END AS origin, offer_no, category, brand, price_micros,
    cost_micros, quantity, value_micros, session_id, order_id, gift, duration_s, reassurance,
    coalesce(details, ''), decision_id, placement, variant, topic, private, owner_key
FROM events
WHERE position > $1 AND position <= $2 AND (cardinality($3::text[]) = 0 OR type = ANY($3::text[]))
ORDER BY position
LIMIT $4

-- name: export_owners
-- Without those who are known no more: there is nothing left of them but the pseudonym.
SELECT identity_key, person_id::text, kind, value_encrypted, key_wrapped
FROM identities JOIN persons USING (person_id)
WHERE identity_key = ANY($1::bytea[])
