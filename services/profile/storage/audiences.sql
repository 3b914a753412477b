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

-- name: customer_ids_of
SELECT person_id::text, value_encrypted, key_wrapped
FROM identities JOIN persons USING (person_id)
WHERE person_id = ANY($1::uuid[]) AND kind = 'customer'
ORDER BY person_id, first_seen_us
