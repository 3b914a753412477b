-- name: enter_writers
-- Whoever gives out positions holds this lock until the commit; see `stream_horizon`.
SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/positions', 0))

-- name: allow_pauses
-- Transactions of an import work on thousands of events between statements. On a starved machine
-- that may take a second, and an import should then be slow rather than fail.
SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
    set_config('lock_timeout', '5s', true)

-- name: claim_events
-- In the order of their keys, so that two batches with the same events cannot wait in a circle.
INSERT INTO event_ids (event_key, digest, received_us)
SELECT claim.event_key, claim.digest, $3
FROM unnest($1::bytea[], $2::bytea[]) AS claim (event_key, digest),
    (SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/positions', 0)))
        AS writing
ORDER BY claim.event_key
ON CONFLICT DO NOTHING
RETURNING event_key

-- name: standing_digests
SELECT event_key, digest FROM event_ids WHERE event_key = ANY($1::bytea[])

-- name: release_events
DELETE FROM event_ids WHERE event_key = ANY($1::bytea[])

-- name: resolve
SELECT identity_key, person_id::text, group_id::text, version, shared, verified,
    erased_us
FROM identities JOIN profiles USING (person_id)
WHERE identity_key = ANY($1::bytea[])

-- name: resolve_and_hold
-- Does not hinder events, but an erasure waits.
SELECT identity_key, person_id::text, group_id::text, version, shared, verified,
    erased_us
FROM identities JOIN profiles USING (person_id)
WHERE identity_key = ANY($1::bytea[])
ORDER BY profiles.person_id
FOR KEY SHARE OF profiles

-- name: erased_identities
SELECT identity_key, erased_us FROM erased_identities WHERE identity_key = ANY($1::bytea[])

-- name: erased_persons
SELECT person_id::text FROM erased_persons WHERE person_id = ANY($1::uuid[])

-- name: lock_seeing
-- The places come in ascending order.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/seeing/' || place, 0))
FROM unnest($1::integer[]) AS place

-- name: groups_of
SELECT person_id::text, group_id::text, version FROM profiles WHERE person_id = ANY($1::uuid[])

-- name: customers_of
-- Of each set the oldest person who is a customer.
SELECT DISTINCT ON (profiles.group_id) group_id::text, person_id::text
FROM profiles JOIN identities USING (person_id)
WHERE group_id = ANY($1::uuid[]) AND kind = 'customer'
ORDER BY profiles.group_id, profiles.person_id

-- name: lock_sets
-- Ascending, so that two batches with the same persons cannot wait in a circle.
SELECT person_id::text, group_id::text, version, seq, freeing_seq, state
FROM profiles
WHERE group_id = ANY($1::uuid[])
ORDER BY profiles.person_id
FOR NO KEY UPDATE

-- name: lock_persons
SELECT person_id::text, group_id::text, version, seq, freeing_seq, state
FROM profiles
WHERE person_id = ANY($1::uuid[])
ORDER BY profiles.person_id
FOR NO KEY UPDATE

-- name: next_versions
SELECT nextval('set_versions') FROM generate_series(1, $1::integer)

-- name: insert_identities
INSERT INTO identities (identity_key, kind, person_id, verified, value_encrypted, first_seen_us,
    erased_us)
SELECT identity_key, kind, person_id, verified, value_encrypted, $6, erased_before(identity_key)
FROM unnest($1::bytea[], $2::text[], $3::uuid[], $4::boolean[], $5::bytea[])
    AS seen (identity_key, kind, person_id, verified, value_encrypted)
ORDER BY identity_key
ON CONFLICT DO NOTHING
RETURNING 1

-- name: insert_persons
INSERT INTO persons (person_id, created_us, key_wrapped)
SELECT person_id, $3, key_wrapped FROM unnest($1::uuid[], $2::bytea[]) AS made (person_id, key_wrapped)

-- name: insert_profiles
INSERT INTO profiles (person_id, seq, freeing_seq, contribution_micros, state, group_id, version)
SELECT * FROM unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::uuid[], $7::bigint[])

-- name: update_profiles
-- A state, or a contribution, that was not touched comes as null and stays.
UPDATE profiles
SET seq = changed.seq,
    freeing_seq = changed.freeing_seq,
    contribution_micros = coalesce(changed.contribution_micros, profiles.contribution_micros),
    state = coalesce(changed.state, profiles.state)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])
    AS changed (person_id, seq, freeing_seq, contribution_micros, state)
WHERE profiles.person_id = changed.person_id

-- name: move_profiles
UPDATE profiles SET group_id = moved.group_id, version = moved.version
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS moved (person_id, group_id, version)
WHERE profiles.person_id = moved.person_id

-- name: update_names
UPDATE persons SET name_encrypted = named.name_encrypted
FROM unnest($1::uuid[], $2::bytea[]) AS named (person_id, name_encrypted)
WHERE persons.person_id = named.person_id

-- name: verify_identities
UPDATE identities SET verified = true WHERE identity_key = ANY($1::bytea[])

-- name: share_identities
WITH fits AS (
    INSERT INTO shared_identities (identity_key, person_id)
    SELECT * FROM unnest($1::bytea[], $2::uuid[])
    ON CONFLICT DO NOTHING
)
UPDATE identities SET shared = true WHERE identity_key = ANY($1::bytea[]) AND NOT shared

-- name: insert_links
INSERT INTO links (link_id, person_id, other_person_id, event_id, idempotency_key, linked_us)
SELECT link_id, person_id, other_person_id, event_id, nullif(idempotency_key, ''), $6
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
    AS linked (link_id, person_id, other_person_id, event_id, idempotency_key)

-- name: move_identities
-- Gives the identities of persons whose set changed, and those named, a new position.
UPDATE identities SET position = nextval('identity_positions')
WHERE person_id = ANY($1::uuid[]) OR identity_key = ANY($2::bytea[])
RETURNING identity_key, kind, person_id::text, shared

-- name: count_identities
SELECT count(*) FROM identities WHERE person_id = $1

-- name: detach_identity
DELETE FROM identities WHERE identity_key = $1 AND person_id = $2 AND NOT shared RETURNING 1

-- name: insert_events
INSERT INTO events (
    person_id, seq, event_id, caller, received_us, time_us, type, channel, offer_no, family_no,
    category, brand, price_micros, cost_micros, quantity, value_micros, session_id, order_id, gift,
    duration_s, reassurance, variant, topic, details, decision_id, placement, private,
    owner_key)
SELECT * FROM unnest(
    $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
    $8::smallint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[],
    $14::bigint[], $15::double precision[], $16::bigint[], $17::text[], $18::text[],
    $19::boolean[], $20::double precision[], $21::boolean[], $22::text[], $23::smallint[],
    $24::text[], $25::text[], $26::text[], $27::bytea[], $28::bytea[])

-- name: glance
-- Two kinds of rows, of one moment: where identities lead, and everybody of the sets these are of,
-- with the version of the row.
WITH known AS (
    SELECT identity_key, person_id, group_id, version, shared, verified, erased_us
    FROM identities JOIN profiles USING (person_id)
    WHERE identity_key = ANY($1::bytea[]))
SELECT identity_key, person_id::text, group_id::text, version, shared, verified, erased_us,
    NULL::xid AS stamp, NULL::bigint AS seq, NULL::bigint AS freeing_seq, NULL::bytea AS state
FROM known
UNION ALL
SELECT NULL, person_id::text, group_id::text, version, NULL, NULL, NULL, profiles.xmin, seq,
    freeing_seq, state
FROM profiles
WHERE group_id IN (SELECT group_id FROM known)

-- name: save_unchanged
-- One statement and so one transaction. Locks are taken in the order of all others: event ids,
-- positions, profiles; and all is refused unless each event is new and each row as it was seen.
WITH claimed AS (
    INSERT INTO event_ids (event_key, digest, received_us)
    SELECT claim.event_key, claim.digest, $5
    FROM unnest($3::bytea[], $4::bytea[]) AS claim (event_key, digest)
    ORDER BY claim.event_key
    ON CONFLICT DO NOTHING
    RETURNING event_key),
writing AS MATERIALIZED (
    SELECT refuse_unless(count(*) = cardinality($3::bytea[])),
        pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/positions', 0))
    FROM claimed),
held AS MATERIALIZED (
    SELECT profiles.person_id
    FROM profiles JOIN unnest($1::uuid[], $2::xid[]) AS seen (person_id, stamp)
        ON profiles.person_id = seen.person_id AND profiles.xmin = seen.stamp
    WHERE EXISTS (SELECT FROM writing)
    ORDER BY profiles.person_id
    FOR NO KEY UPDATE OF profiles),
unchanged AS MATERIALIZED (
    SELECT refuse_unless(count(*) = cardinality($1::uuid[])) FROM held),
changed AS (
    UPDATE profiles
    SET seq = changed.seq,
        freeing_seq = changed.freeing_seq,
        contribution_micros = coalesce(changed.contribution_micros, profiles.contribution_micros),
        state = coalesce(changed.state, profiles.state)
    FROM unnest($6::uuid[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[])
        AS changed (person_id, seq, freeing_seq, contribution_micros, state), unchanged
    WHERE profiles.person_id = changed.person_id),
told AS (
    INSERT INTO outbox (message_id, subject, schema_number, data)
    SELECT message_id, subject, schema_number, data
    FROM unchanged, unnest($11::text[]::uuid[], $12::text[], $13::smallint[], $14::bytea[])
        WITH ORDINALITY AS told (message_id, subject, schema_number, data, place)
    ORDER BY place)
INSERT INTO events (
    person_id, seq, event_id, caller, received_us, time_us, type, channel, offer_no, family_no,
    category, brand, price_micros, cost_micros, quantity, value_micros, session_id, order_id, gift,
    duration_s, reassurance, variant, topic, details, decision_id, placement, private,
    owner_key)
SELECT event.*
FROM unchanged, unnest(
    $15::uuid[], $16::bigint[], $17::text[], $18::text[], $19::bigint[], $20::bigint[],
    $21::text[], $22::smallint[], $23::bigint[], $24::bigint[], $25::text[], $26::text[],
    $27::bigint[], $28::bigint[], $29::double precision[], $30::bigint[], $31::text[],
    $32::text[], $33::boolean[], $34::double precision[], $35::boolean[], $36::text[],
    $37::smallint[], $38::text[], $39::text[], $40::text[], $41::bytea[], $42::bytea[]) AS event

-- name: person_keys
SELECT person_id::text, key_wrapped FROM persons WHERE person_id = ANY($1::uuid[])

-- name: standing_links
SELECT link_id::text, person_id::text, other_person_id::text, event_id, linked_us
FROM links
WHERE undone_us IS NULL AND (person_id = ANY($1::uuid[]) OR other_person_id = ANY($1::uuid[]))
ORDER BY linked_us, link_id

-- name: link_by_key
SELECT link_id::text, person_id::text, other_person_id::text, event_id
FROM links WHERE idempotency_key = $1

-- name: link_by_id
SELECT link_id::text, person_id::text, other_person_id::text, event_id
FROM links WHERE link_id = $1::uuid

-- name: undo_links
UPDATE links SET undone_us = $2 WHERE link_id = ANY($1::uuid[]) AND undone_us IS NULL

-- name: insert_slice
INSERT INTO import_slices (import_id, events) VALUES ($1, $2) RETURNING slice_id

-- name: insert_pending_folds
INSERT INTO pending_folds (import_id, person_id, slice_id, events)
SELECT $1, person_id, $2, events FROM unnest($3::uuid[], $4::integer[]) AS held (person_id, events)

-- name: pending_folds
-- Of one share of all persons, so that several workers do not wait for each other.
SELECT person_id::text, slice_id, events
FROM pending_folds
WHERE import_id = $1 AND get_byte(uuid_send(person_id), 15) % $2::integer = $3::integer
ORDER BY pending_folds.person_id, slice_id
LIMIT 2000

-- name: take_pending_folds
DELETE FROM pending_folds
USING unnest($2::uuid[], $3::bigint[]) AS taken (person_id, slice_id)
WHERE pending_folds.import_id = $1
    AND pending_folds.person_id = taken.person_id AND pending_folds.slice_id = taken.slice_id
RETURNING pending_folds.person_id::text, pending_folds.slice_id

-- name: imported_events
-- Person by person through the index: left to itself the planner reads the whole log, or a person's
-- whole history once for each of its slices.
SELECT event.person_id::text, event.position, time_us, type, channel, offer_no, family_no, category, brand,
    price_micros, cost_micros, quantity, value_micros, session_id, order_id, gift, duration_s,
    reassurance, variant, topic, details
FROM (
    SELECT person_id, array_agg(slice_id) AS slices
    FROM unnest($1::uuid[], $2::bigint[]) AS taken (person_id, slice_id)
    GROUP BY person_id) AS person
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.person_id = person.person_id AND slice_id = ANY(person.slices)
    OFFSET 0) AS event
ORDER BY event.person_id, time_us

-- name: park_recorded
-- Of events that this transaction writes, and whose positions only the server knows.
INSERT INTO parked_events (position, person_id, reason, parked_us)
SELECT position, person_id, reason, $4
FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS failed (person_id, seq, reason)
JOIN events USING (person_id, seq)

-- name: park_logged
INSERT INTO parked_events (position, person_id, reason, parked_us)
SELECT position, person_id, reason, $4
FROM unnest($1::bigint[], $2::uuid[], $3::text[]) AS failed (position, person_id, reason)
ON CONFLICT (position) DO UPDATE
SET reason = excluded.reason, tries = parked_events.tries + 1

-- name: unpark
DELETE FROM parked_events WHERE position = ANY($1::bigint[])

-- name: next_parked
SELECT position, person_id::text FROM parked_events
WHERE position > $1 ORDER BY position LIMIT $2

-- name: parked_events
-- In the columns of `imported_events`.
SELECT events.person_id::text, events.position, time_us, type, channel, offer_no, family_no,
    category, brand, price_micros, cost_micros, quantity, value_micros, session_id, order_id, gift,
    duration_s, reassurance, variant, topic, details
FROM parked_events JOIN events USING (position)
WHERE parked_events.position = ANY($1::bigint[])
ORDER BY events.person_id, time_us

-- name: list_parked
SELECT events.position, events.person_id::text, event_id, caller, type, time_us, received_us,
    CASE WHEN slice_id IS NULL THEN 1 ELSE 2 END AS origin, parked_us, tries, reason
FROM parked_events JOIN events USING (position)
WHERE parked_events.position > $1
ORDER BY parked_events.position
LIMIT $2

-- name: count_parked
SELECT count(*) FROM parked_events

-- name: outdated_profiles
-- States that an older version of the fold made; the number as in the index, which this reads.
-- Whoever is being written to comes later.
SELECT person_id::text, group_id::text, version, seq, freeing_seq, state
FROM profiles
WHERE fold_version < 2
ORDER BY profiles.person_id
LIMIT $1
FOR NO KEY UPDATE SKIP LOCKED

-- name: folded_events
-- All events that the states of some persons hold: those of an import that has not ended, and
-- parked ones, are not in them.
SELECT person_id::text, position, time_us, type, channel, offer_no, family_no, category, brand,
    price_micros, cost_micros, quantity, value_micros, session_id, order_id, gift, duration_s,
    reassurance, variant, topic, details
FROM events
WHERE person_id = ANY($1::uuid[]) AND NOT EXISTS (
    SELECT FROM pending_folds
    WHERE pending_folds.person_id = events.person_id AND pending_folds.slice_id = events.slice_id)
    AND NOT EXISTS (SELECT FROM parked_events WHERE parked_events.position = events.position)
ORDER BY events.person_id, time_us

-- name: mark_renewed
-- The default is the version of today.
UPDATE profiles SET fold_version = DEFAULT WHERE person_id = ANY($1::uuid[])

-- name: finish_import
-- Says whether it is the first time, and the totals.
INSERT INTO finished_imports (import_id, finished_us, persons) VALUES ($1, $2, $3)
ON CONFLICT (import_id) DO UPDATE
SET finished_us = excluded.finished_us, persons = finished_imports.persons + excluded.persons
RETURNING xmax = 0 AS first_time, persons,
    (SELECT coalesce(sum(events), 0)::bigint FROM import_slices WHERE import_id = $1) AS events,
    (SELECT coalesce(max(position), 0) FROM events) AS position

-- name: snapshot
-- One round trip: where each identity leads, and the set of the first one with its states.
SELECT asked.place, known.person_id::text, known.shared, known.verified, own.group_id::text,
    own.version, member.person_id::text AS member_id, member.seq, member.freeing_seq, member.state,
    ARRAY(SELECT DISTINCT kind FROM identities WHERE person_id = member.person_id) AS kinds
FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (identity_key, place)
JOIN identities AS known USING (identity_key)
JOIN profiles AS own USING (person_id)
LEFT JOIN profiles AS member
    ON member.group_id = own.group_id AND asked.place = 1 AND NOT known.shared
ORDER BY asked.place, member.person_id

-- name: keep_person
SELECT keep_person($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: set_of_person
SELECT member.person_id::text, member.group_id::text, member.version, member.seq,
    member.freeing_seq, member.state,
    ARRAY(SELECT DISTINCT kind FROM identities WHERE person_id = member.person_id) AS kinds
FROM profiles AS own JOIN profiles AS member USING (group_id)
WHERE own.person_id = $1::uuid
ORDER BY member.person_id

-- name: states_of_sets
-- Each person with the state of everybody in their set.
SELECT own.person_id::text, member.state
FROM profiles AS own JOIN profiles AS member USING (group_id)
WHERE own.person_id = ANY($1::uuid[])

-- name: fits
-- Whom a shared identity fits, with what tells them apart.
SELECT DISTINCT person_id::text, created_us, key_wrapped, name_encrypted,
    EXISTS (SELECT FROM identities AS own
            WHERE own.person_id = persons.person_id AND own.kind = 'customer') AS is_customer
FROM shared_identities JOIN persons USING (person_id)
WHERE identity_key = $1
ORDER BY person_id
LIMIT 64

-- name: is_one_of
-- Whether a person is among those, or in a set with those, that a shared identity fits.
SELECT EXISTS (
    SELECT FROM shared_identities JOIN profiles AS own USING (person_id)
    JOIN profiles AS member USING (group_id)
    WHERE identity_key = ANY($1::bytea[]) AND member.person_id = $2::uuid)

-- name: identities_of
SELECT kind, person_id::text, verified, value_encrypted, first_seen_us, key_wrapped
FROM identities JOIN persons USING (person_id)
WHERE person_id = ANY($1::uuid[])
ORDER BY first_seen_us, identity_key

-- name: addresses_of
-- Identities of a kind that lead to nobody else, the one to write to first.
SELECT person_id::text, key_wrapped, value_encrypted
FROM identities JOIN persons USING (person_id)
WHERE person_id = ANY($1::uuid[]) AND kind = $2 AND NOT shared
ORDER BY verified DESC, first_seen_us DESC, identity_key
LIMIT 1

-- name: pseudonyms_of
-- Of each person an identity that leads to them, and to nobody else.
SELECT DISTINCT ON (person_id) person_id::text, kind, identity_key
FROM identities
WHERE person_id = ANY($1::uuid[]) AND NOT shared
ORDER BY person_id, first_seen_us, identity_key

-- name: names_of
SELECT person_id::text, key_wrapped, name_encrypted FROM persons
WHERE person_id = ANY($1::uuid[]) AND name_encrypted IS NOT NULL
ORDER BY person_id

-- name: relationships_of
SELECT person_id::text, role, owner_id, from_us, until_us, set_us
FROM relationships WHERE person_id = ANY($1::uuid[])

-- name: write_relationships
-- A beginning said again is corrected, unless the later word on it is known.
INSERT INTO relationships (person_id, role, owner_id, from_us, until_us, set_us)
SELECT person_id, role, owner_id, from_us, until_us, set_us
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS said (person_id, role, owner_id, from_us, until_us, set_us)
ON CONFLICT (person_id, role, from_us) DO UPDATE
SET owner_id = excluded.owner_id, until_us = excluded.until_us, set_us = excluded.set_us
WHERE relationships.set_us <= excluded.set_us

-- name: clients_of
-- Sets with a relationship of the owner that holds now, unless another one has begun since.
SELECT DISTINCT group_id::text
FROM relationships JOIN profiles USING (person_id)
WHERE owner_id = $1 AND ($2 = '' OR role = $2)
    AND from_us <= $3 AND (until_us IS NULL OR until_us > $3)
    AND ($4::uuid IS NULL OR group_id > $4::uuid)
ORDER BY group_id
LIMIT $5

-- name: sets_of_groups
SELECT person_id::text, group_id::text, version, seq, freeing_seq, state
FROM profiles
WHERE group_id = ANY($1::uuid[])
ORDER BY profiles.group_id, profiles.person_id

-- name: customer_ids_of
SELECT person_id::text, key_wrapped, value_encrypted
FROM identities JOIN persons USING (person_id)
WHERE person_id = ANY($1::uuid[]) AND kind = 'customer'
ORDER BY first_seen_us, identity_key

-- name: answers_stand
-- Another when there is an answer more, or somebody was erased.
SELECT (SELECT coalesce(max(position), 0) FROM events WHERE type = 'survey_answer') AS position,
    (SELECT coalesce(max(erased_us), 0) FROM erased_persons) AS erased_us

-- name: forget_answer_counts
DELETE FROM answer_counts

-- name: count_answers
-- Each person counts once per question, by the last word; those whose erasure is under way do not.
-- An answer of one person alone is left out: it may say who it was, and has to be gone with them.
INSERT INTO answer_counts (question, answer, skipped, persons)
SELECT question, answer, skipped, count(*)
FROM (
    SELECT DISTINCT ON (person_id, said->>'question')
        said->>'question' AS question, coalesce(said->>'answer', '') AS answer,
        said ? 'skipped' AS skipped
    FROM (
        SELECT person_id, time_us, details::jsonb AS said
        FROM events WHERE type = 'survey_answer' AND details IS NOT NULL
            AND NOT EXISTS (SELECT FROM erasures WHERE erasures.person_id = events.person_id)
        ) AS answers
    WHERE said ? 'question'
    ORDER BY person_id, said->>'question', time_us DESC) AS latest
GROUP BY question, answer, skipped
HAVING skipped OR answer = '' OR count(*) > 1

-- name: answer_counts
SELECT question, answer, skipped, persons FROM answer_counts

-- name: position_given
-- The last position given out, committed or not.
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')), 0)

-- name: identity_position_given
SELECT coalesce(pg_sequence_last_value('identity_positions'), 0)

-- name: writers
-- Transactions that may have given out positions and have not ended.
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND ((classid::bigint << 32) | objid::bigint)
        = hashtextextended(current_schema() || '/positions', 0)

-- name: stream_events
-- Within a window of positions, so that a rare type does not make it a long statement.
SELECT position, person_id::text, seq, type, time_us, received_us, channel,
    CASE WHEN slice_id IS NULL THEN 1 ELSE 2 END AS origin, offer_no, family_no, category, quantity,
    value_micros, decision_id, session_id, gift, event_id, order_id,
    placement, CASE WHEN gift THEN details END AS said_of_gift,
    CASE WHEN type = 'purchase' AND details LIKE '%"promotion":%'
        THEN details::json->>'promotion' END AS promotion_id, cost_micros,
    CASE WHEN type IN ('survey_answer', 'consent', 'complaint') THEN details END AS said, topic
FROM events
WHERE position > $1 AND position <= $2
    AND (cardinality($3::text[]) = 0 OR type = ANY($3::text[]))
    AND time_us >= $4
    AND (cardinality($5::smallint[]) = 0
        OR (CASE WHEN slice_id IS NULL THEN 1 ELSE 2 END) = ANY($5::smallint[]))
ORDER BY position
LIMIT $6

-- name: stream_events_of
SELECT position, person_id::text, seq, type, time_us, received_us, channel,
    CASE WHEN slice_id IS NULL THEN 1 ELSE 2 END AS origin, offer_no, family_no, category, quantity,
    value_micros, decision_id, session_id, gift, event_id, order_id,
    placement, CASE WHEN gift THEN details END AS said_of_gift,
    CASE WHEN type = 'purchase' AND details LIKE '%"promotion":%'
        THEN details::json->>'promotion' END AS promotion_id, cost_micros,
    CASE WHEN type IN ('survey_answer', 'consent', 'complaint') THEN details END AS said, topic
FROM events
WHERE position > $1 AND position <= $2
    AND (cardinality($3::text[]) = 0 OR type = ANY($3::text[]))
    AND time_us >= $4
    AND (cardinality($5::smallint[]) = 0
        OR (CASE WHEN slice_id IS NULL THEN 1 ELSE 2 END) = ANY($5::smallint[]))
    AND person_id = ANY($6::uuid[])
ORDER BY position
LIMIT $7

-- name: stream_history
-- In the order of `HistoryColumns`, after the position.
SELECT position, person_id::text, time_us, type, channel, offer_no, family_no, category, brand,
    price_micros, cost_micros, quantity, value_micros, session_id, order_id, gift, duration_s,
    reassurance, variant, topic, coalesce(details, '') AS details, placement
FROM events
WHERE position > $1 AND position <= $2
ORDER BY position
LIMIT $3

-- name: stream_identities
SELECT position, identity_key, kind, person_id::text, shared, version,
    (SELECT array_agg(member.person_id::text ORDER BY member.person_id)
     FROM profiles AS member WHERE member.group_id = own.group_id) AS person_ids
FROM identities JOIN profiles AS own USING (person_id)
WHERE position > $1 AND position <= $2
ORDER BY position
LIMIT $3

-- name: persons_of_keys
SELECT DISTINCT person_id::text FROM identities WHERE identity_key = ANY($1::bytea[]) AND NOT shared

-- name: lock_for_erasure
-- Waits for events and imports that are being written for these persons.
SELECT person_id::text, group_id::text FROM profiles
WHERE group_id IN (SELECT group_id FROM profiles WHERE person_id = ANY($1::uuid[]))
ORDER BY profiles.person_id
FOR UPDATE

-- name: persons_of_sets
SELECT person_id::text FROM profiles
WHERE group_id IN (SELECT group_id FROM profiles WHERE person_id = ANY($1::uuid[]))
ORDER BY profiles.person_id

-- name: erase_persons
WITH gone AS (DELETE FROM persons WHERE person_id = ANY($1::uuid[]) RETURNING 1),
profile AS (DELETE FROM profiles WHERE person_id = ANY($1::uuid[]) RETURNING 1),
link AS (
    DELETE FROM links
    WHERE person_id = ANY($1::uuid[]) OR other_person_id = ANY($1::uuid[]) RETURNING 1),
fit AS (DELETE FROM shared_identities WHERE person_id = ANY($1::uuid[]) RETURNING 1),
fold AS (DELETE FROM pending_folds WHERE person_id = ANY($1::uuid[]) RETURNING 1),
parked AS (DELETE FROM parked_events WHERE person_id = ANY($1::uuid[]) RETURNING 1),
relationship AS (DELETE FROM relationships WHERE person_id = ANY($1::uuid[]) RETURNING 1),
noted AS (
    INSERT INTO erased_persons (person_id, erased_us) SELECT unnest($1::uuid[]), $2
    ON CONFLICT DO NOTHING),
membership AS (DELETE FROM memberships WHERE person_id = ANY($1::uuid[]) RETURNING 1),
begun AS (
    INSERT INTO erasures (person_id, erased_us) SELECT unnest($1::uuid[]), $2
    ON CONFLICT DO NOTHING RETURNING 1)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM profile) + (SELECT count(*) FROM link)
    + (SELECT count(*) FROM fit) + (SELECT count(*) FROM fold) + (SELECT count(*) FROM parked)
    + (SELECT count(*) FROM relationship) + (SELECT count(*) FROM membership)

-- name: erase_identities
-- One that others use too goes on without a past.
WITH gone AS (
    DELETE FROM identities WHERE person_id = ANY($1::uuid[])
    RETURNING identity_key, kind, shared),
noted AS (
    INSERT INTO erased_identities (identity_key, erased_us)
    SELECT identity_key, $2 FROM gone WHERE NOT shared
    ON CONFLICT (identity_key) DO UPDATE SET erased_us = excluded.erased_us)
SELECT identity_key, kind FROM gone

-- name: erase_events
-- Some at a time: no transaction of ours lasts over a second.
WITH gone AS (
    DELETE FROM events WHERE position IN (
        SELECT position FROM events WHERE person_id = ANY($1::uuid[]) LIMIT 5000)
    RETURNING 1)
SELECT count(*) FROM gone

-- name: unfinished_erasures
SELECT person_id::text FROM erasures ORDER BY erased_us LIMIT 64

-- name: finish_erasure
DELETE FROM erasures WHERE person_id = ANY($1::uuid[])

-- name: forget_event_ids
WITH gone AS (
    DELETE FROM event_ids WHERE event_key IN (
        SELECT event_key FROM event_ids WHERE received_us < $1 LIMIT 5000)
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_events
WITH gone AS (
    DELETE FROM events WHERE position IN (
        SELECT position FROM events WHERE received_us < $1 LIMIT 5000)
    RETURNING position),
parked AS (DELETE FROM parked_events USING gone WHERE parked_events.position = gone.position)
SELECT count(*) FROM gone

-- name: read_tiers
SELECT top_micros, high_micros, medium_micros FROM value_tiers

-- name: compute_tiers
-- The best tenth, three tenths and half of those who ever bought. Of more than 100,000 people about
-- so many are looked at, because states lie in these rows; always the same, so that no tier flickers.
INSERT INTO value_tiers (top_micros, high_micros, medium_micros, computed_us)
SELECT parts[1], parts[2], parts[3], $1 FROM (
    SELECT percentile_disc(ARRAY[0.90, 0.70, 0.50]) WITHIN GROUP (ORDER BY contribution_micros)
        AS parts
    FROM profiles TABLESAMPLE SYSTEM ((
        SELECT CASE WHEN reltuples > 100000 THEN 100 * 100000 / reltuples ELSE 100 END
        FROM pg_class WHERE oid = 'profiles'::regclass)) REPEATABLE (1)
    WHERE contribution_micros IS NOT NULL) AS computed
WHERE parts IS NOT NULL
ON CONFLICT (only_row) DO UPDATE
SET top_micros = excluded.top_micros, high_micros = excluded.high_micros,
    medium_micros = excluded.medium_micros, computed_us = excluded.computed_us

-- name: contributions_after
-- Person by person, so that few buyers among many visitors make it no long statement.
SELECT person_id::text, contribution_micros,
    CASE WHEN contribution_micros <> 0 THEN state END AS state
FROM profiles
WHERE person_id > $1::uuid
ORDER BY profiles.person_id
LIMIT $2

-- name: age_contributions
-- Unless something has happened since: who is being written to comes out right by that.
WITH held AS (
    SELECT profiles.person_id, aged.contribution_micros
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])
        AS aged (person_id, stored_micros, contribution_micros)
    JOIN profiles USING (person_id)
    WHERE profiles.contribution_micros = aged.stored_micros
    FOR NO KEY UPDATE OF profiles SKIP LOCKED)
UPDATE profiles SET contribution_micros = held.contribution_micros
FROM held WHERE profiles.person_id = held.person_id

-- name: keys_of_other_renewals
-- A wrapped key begins with its format and the number of its renewal.
SELECT person_id::text, key_wrapped FROM persons
WHERE substr(key_wrapped, 2, 4) <> $1 AND person_id > $2::uuid
ORDER BY persons.person_id
LIMIT 1000

-- name: replace_keys
UPDATE persons SET key_wrapped = wrapped.key_wrapped
FROM unnest($1::uuid[], $2::bytea[]) AS wrapped (person_id, key_wrapped)
WHERE persons.person_id = wrapped.person_id

-- name: begin_renewal
INSERT INTO key_renewals (renewal, begun_us) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: latest_renewal
SELECT renewal, begun_us FROM key_renewals ORDER BY renewal DESC LIMIT 1

-- name: lock_audit_head
-- Until the commit: whoever writes next continues from what is written now.
SELECT position, seal, mark FROM audit_head FOR UPDATE

-- name: append_audit
WITH added AS (
    INSERT INTO audit (position, time_us, caller, rpc, action, pseudonym, previous, seal)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
        $6::bytea[], $7::bytea[], $8::bytea[]))
UPDATE audit_head SET position = $9, seal = $10, mark = $11

-- name: read_audit_head
SELECT position, seal, mark FROM audit_head

-- name: read_audit
SELECT position, time_us, caller, rpc, action, pseudonym, previous, seal FROM audit
WHERE position > $1
ORDER BY position
LIMIT $2

-- name: latest_audit_of
SELECT position, time_us, caller, rpc, action, pseudonym, previous, seal FROM audit
WHERE pseudonym = ANY($1::bytea[])
ORDER BY position DESC
LIMIT $2

-- name: read_audit_of
SELECT position, time_us, caller, rpc, action, pseudonym, previous, seal FROM audit
WHERE position > $1 AND pseudonym = ANY($3::bytea[])
ORDER BY position
LIMIT $2

-- name: count_sets
SELECT count(DISTINCT group_id) FROM profiles WHERE state <> ''

-- name: sample_sets
-- Whole sets after one, as many of 65,536 parts of them as asked for: which are taken is a matter
-- of the seed alone.
SELECT group_id::text, array_agg(state ORDER BY person_id) AS states
FROM profiles
WHERE group_id > $1::uuid
    AND state <> ''
    AND (hashtextextended(group_id::text, $2) & 65535) < $3::integer
GROUP BY group_id
ORDER BY group_id
LIMIT $4::integer

-- name: keep_proposals
-- The last training to end is the one that counts.
INSERT INTO persona_proposals (trained_us, proposals) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET trained_us = $1, proposals = $2

-- name: newest_proposals
SELECT proposals FROM persona_proposals
