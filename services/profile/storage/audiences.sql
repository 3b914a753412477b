-- name: count_sets
-- The oldest of a set gives it its name, so there is just one such row of each.
SELECT count(*) FROM profiles WHERE person_id = group_id

-- name: sets_after
-- Whole sets with their states, in the order of their names; of all of them the part whose hash is
-- below a number of 65,536.
SELECT member.person_id::text, member.group_id::text, member.version, member.seq,
    member.freeing_seq, member.state
FROM (
    SELECT person_id FROM profiles
    WHERE person_id > $1::uuid AND person_id = group_id
        AND (uuid_hash_extended(person_id, 0) & 65535) < $2
    ORDER BY person_id
    LIMIT $3) AS oldest
JOIN profiles AS member ON member.group_id = oldest.person_id
ORDER BY member.group_id, member.person_id

-- name: identity_kinds_of
-- The kinds of the identities that lead to persons.
SELECT person_id::text, array_agg(DISTINCT kind)
FROM identities
WHERE person_id = ANY($1::uuid[])
GROUP BY person_id

-- name: customer_ids_of
SELECT person_id::text, value_encrypted, key_wrapped
FROM identities JOIN persons USING (person_id)
WHERE person_id = ANY($1::uuid[]) AND kind = 'customer'
ORDER BY person_id, first_seen_us

-- name: customer_ids_of_sets
-- Of each person who is still there the customer ids of the whole set; with none one row without.
SELECT asked.person_id::text, named.person_id::text, value_encrypted, key_wrapped
FROM profiles AS asked
LEFT JOIN (
    profiles AS member JOIN identities AS named ON named.person_id = member.person_id
        AND named.kind = 'customer'
    JOIN persons ON persons.person_id = named.person_id) ON member.group_id = asked.group_id
WHERE asked.person_id = ANY($1::uuid[])
ORDER BY asked.person_id, first_seen_us, named.person_id

-- name: oldest_of_keys
SELECT identity_key, group_id::text
FROM identities JOIN profiles USING (person_id)
WHERE identity_key = ANY($1::bytea[]) AND NOT shared

-- name: sets_of
-- The whole sets of some persons.
SELECT member.person_id::text, member.group_id::text, member.version, member.seq,
    member.freeing_seq, member.state
FROM profiles AS member
WHERE member.group_id IN (SELECT group_id FROM profiles WHERE person_id = ANY($1::uuid[]))
ORDER BY member.group_id, member.person_id

-- name: names_of_sets
-- The names of sets after one of that name, in their order.
SELECT person_id::text FROM profiles
WHERE person_id > $1::uuid AND person_id = group_id
ORDER BY person_id
LIMIT $2

-- name: sets_that_hold
-- Of some sets those with a word in anybody's state, as it is stored: not yet what it says there.
SELECT member.person_id::text, member.group_id::text, member.version, member.seq,
    member.freeing_seq, member.state
FROM profiles AS member
WHERE member.group_id IN (
    SELECT group_id FROM profiles
    WHERE group_id = ANY($1::uuid[]) AND position($2::bytea IN state) > 0)
ORDER BY member.group_id, member.person_id

-- name: membership_progress
SELECT event_position, identity_position, swept_by, swept_us, swept_to::text, cause,
    (SELECT coalesce(max(finished_us), 0) FROM finished_imports) AS imported_us,
    coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')), 0)
        AS event_position_given,
    coalesce(pg_sequence_last_value('identity_positions'), 0) AS identity_position_given
FROM membership_progress

-- name: move_membership_positions
UPDATE membership_progress SET event_position = $1, identity_position = $2

-- name: begin_sweep
UPDATE membership_progress SET swept_by = $1, swept_us = $2, cause = $3,
    swept_to = '00000000-0000-0000-0000-000000000000'

-- name: move_sweep
UPDATE membership_progress SET swept_to = $1::uuid

-- name: persons_of_events
-- Not of imports: those are in the profiles only at their end, and then everybody is looked at.
SELECT DISTINCT person_id::text FROM events
WHERE position > $1 AND position <= $2 AND slice_id IS NULL

-- name: persons_of_identities
SELECT DISTINCT person_id::text FROM identities WHERE position > $1 AND position <= $2

-- name: memberships_of
SELECT person_id::text, segment FROM memberships
WHERE person_id = ANY($1::uuid[]) AND is_member

-- name: hold_persons
-- Those who are still there, and cannot be erased before the commit.
SELECT person_id::text FROM profiles WHERE person_id = ANY($1::uuid[])
ORDER BY profiles.person_id
FOR KEY SHARE

-- name: change_memberships
INSERT INTO memberships (person_id, segment, is_member, changed_us)
SELECT person_id, segment, is_member, $4
FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS changed (person_id, segment, is_member)
ORDER BY person_id, segment
ON CONFLICT (person_id, segment) DO UPDATE
SET is_member = excluded.is_member, changed_us = excluded.changed_us,
    position = nextval('membership_positions')

-- name: forget_left
-- Whoever follows has read it long ago.
WITH gone AS (
    DELETE FROM memberships WHERE (person_id, segment) IN (
        SELECT person_id, segment FROM memberships WHERE NOT is_member AND changed_us < $1
        LIMIT 5000)
    RETURNING 1)
SELECT count(*) FROM gone

-- name: membership_position_given
SELECT coalesce(pg_sequence_last_value('membership_positions'), 0)

-- name: stream_memberships
SELECT position, person_id::text, segment, is_member, changed_us
FROM memberships
WHERE position > $1 AND position <= $2 AND (cardinality($3::text[]) = 0 OR segment = ANY($3::text[]))
ORDER BY position
LIMIT $4
