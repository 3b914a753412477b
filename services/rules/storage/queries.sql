-- name: check_facts
-- All that Check needs of a known person in one round trip: contacts that count (part 1), orders that
-- stand or lead (part 2), promises that hold (part 4) and those that are reserved (part 5).
SELECT 1 AS part, policy, placement, session_id, decision_id, offer_no AS number, time_us,
    channel, offer_kind, offer_group, is_part, 0::bigint AS until_us,
    NULL::integer[] AS offer_nos, NULL::smallint[] AS sources
FROM contacts
WHERE person_id = ANY($1::text[]) AND time_us > $2 AND (state = 2 OR state = 1 AND lapse_us > $3)
UNION ALL
SELECT 2, '', placement, '', decision_id, ask_limit, made_us, 0, 0, '', false, 0,
    offer_nos, sources
FROM standing
WHERE person_id = $4 AND digest = $5 AND token = $6 AND bundle_hash = $7 AND until_us > $3
UNION ALL
SELECT CASE state WHEN 2 THEN 4 ELSE 5 END, '', '', '', '', offer_no, made_us, 0, 0, '', false,
    expires_us, NULL, NULL
FROM promises
WHERE person_id = ANY($1::text[]) AND person_id <> ''
    AND (state = 2 AND expires_us > $3 OR state = 1)

-- name: facts_as_of
-- The same as of a moment in the past ($3), without orders and without what one decision ($4) made. What
-- was promised is told by free_us, which lies $5 after the end once the offer was seen.
SELECT 1 AS part, policy, placement, session_id, decision_id, offer_no AS number, time_us,
    channel, offer_kind, offer_group, is_part
FROM contacts
WHERE person_id = ANY($1::text[]) AND time_us > $2 AND time_us < $3 AND decision_id <> $4
    AND (state = 2 OR state = 1 AND lapse_us > $3)
UNION ALL
SELECT CASE WHEN state = 2 OR free_us = expires_us + $5 THEN 4 ELSE 5 END, '', '', '', '',
    offer_no, made_us, 0, 0, '', false
FROM promises
WHERE person_id = ANY($1::text[]) AND person_id <> '' AND decision_id <> $4 AND made_us < $3
    AND CASE
        WHEN state = 1 THEN true
        WHEN state = 2 THEN expires_us > $3
        WHEN ended_us IS NOT NULL THEN ended_us > $3 AND expires_us > $3
        WHEN state = 5 AND free_us = expires_us + $5 THEN expires_us > $3
        WHEN state = 5 THEN free_us > $3
        ELSE false
    END

-- name: facts_by_identity
-- The same without a snapshot: the strongest pseudonym that leads to somebody counts. Part 0 is
-- the person's set, part 3 what was turned down since $4, parts 4 and 5 promises.
WITH person AS (
    SELECT person_ids
    FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (identity_key, place)
    JOIN identities USING (identity_key)
    WHERE NOT ambiguous
    ORDER BY place
    LIMIT 1
)
SELECT 0 AS part, id AS policy, '' AS placement, '' AS session_id, '' AS decision_id,
    place::integer AS number, 0::bigint AS time_us,
    0 AS channel, 0 AS offer_kind, '' AS offer_group, false AS is_part, 0::bigint AS until_us
FROM person, unnest(person_ids) WITH ORDINALITY AS of_set (id, place)
UNION ALL
SELECT 1, policy, placement, session_id, decision_id, offer_no, time_us, channel, offer_kind,
    offer_group, is_part, 0
FROM contacts, person
WHERE person_id = ANY(person_ids) AND time_us > $2 AND (state = 2 OR state = 1 AND lapse_us > $3)
UNION ALL
SELECT CASE state WHEN 2 THEN 4 ELSE 5 END, '', '', '', '', offer_no, made_us, 0, 0, '', false,
    expires_us
FROM promises, person
WHERE person_id = ANY(person_ids) AND person_id <> ''
    AND (state = 2 AND expires_us > $3 OR state = 1)
UNION ALL
(SELECT 3, '', '', '', '', family_no, time_us, 0, 0, '', false, 0
FROM declines, person
WHERE person_id = ANY(person_ids) AND time_us > $4
ORDER BY time_us DESC
LIMIT 500)

-- name: commit_decision
SELECT outcome, refused, answered, unpromised FROM commit_decision(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,
    $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53
)

-- name: reserve_contact
SELECT reserve_contact(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23
)

-- name: persons_of
-- The set that the strongest known pseudonym leads to.
SELECT person_ids
FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (identity_key, place)
JOIN identities USING (identity_key)
WHERE NOT ambiguous
ORDER BY place
LIMIT 1

-- name: persons_behind
SELECT persons_behind($1)

-- name: contacts_that_count
SELECT person_id, policy, placement, session_id, decision_id, offer_no AS number, time_us, channel,
    offer_kind, offer_group, is_part
FROM contacts
WHERE person_id = ANY($1::text[]) AND time_us > $2 AND (state = 2 OR state = 1 AND lapse_us > $3)

-- name: reserved_by
-- Whose it is, which nobody changes until this transaction ends; NULL where nobody knows.
SELECT reserved_by FROM contacts WHERE contact_id = $1 FOR UPDATE

-- name: release_contact
-- Returns what the notice of it needs, nothing when it was not held.
UPDATE contacts
SET state = 3, position = nextval('contact_positions'), change_xid = pg_current_xact_id()
WHERE contact_id = $1 AND (state = 2 AND NOT $3 OR state = 1 AND lapse_us > $2)
RETURNING contact_id, person_id, policy, channel, offer_no, time_us

-- name: decision
SELECT d.person_ids, d.decided_us, d.answer, t.trace
FROM decisions d LEFT JOIN traces t USING (decision_id)
WHERE d.decision_id = $1

-- name: notices
SELECT notice FROM decisions WHERE decision_id = ANY($1::text[])

-- name: latest_decisions
SELECT decision_id, decided_us, channel, answer
FROM decisions
WHERE person_id = ANY($1::text[]) AND person_id <> ''
ORDER BY decided_us DESC
LIMIT $2

-- name: decisions_after
-- Positions become visible out of order: only those below every open transaction are final.
SELECT position, notice FROM decisions
WHERE position > $1 AND change_xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY position
LIMIT $2

-- name: contacts_after
SELECT position, contact_id, person_id, policy, state, channel, offer_no, time_us
FROM contacts
WHERE position > $1 AND NOT is_part AND change_xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY position
LIMIT $2

-- name: foreign_decisions
-- The places of what names a decision that was made for somebody else. One that was made for nobody
-- known, under a pseudonym, is everybody's who names it.
SELECT told.place
FROM unnest($1::integer[], $2::text[], $3::text[]) AS told (place, person_id, decision_id)
    JOIN decisions d ON d.decision_id = told.decision_id
WHERE d.person_ids <> '{}' AND NOT d.person_ids && set_of(told.person_id)

-- name: confirm_contacts
-- What was seen counts, even when its reservation had lapsed meanwhile. An impression is known by
-- its decision, where 0 stands for all that was shown, or by its session where the contact was made
-- by an earlier decision.
WITH seen AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[])
        AS told (person_id, decision_id, offer_no, session_id)
), found AS (
    SELECT c.contact_id
    FROM seen JOIN contacts c ON c.decision_id = seen.decision_id AND c.decision_id <> ''
    WHERE c.state = 1 AND c.offer_no IN (0, seen.offer_no)
    UNION
    SELECT c.contact_id
    FROM seen JOIN contacts c ON c.person_id = ANY(set_of(seen.person_id))
    WHERE c.state = 1 AND c.offer_no = seen.offer_no
        AND c.session_id = seen.session_id AND seen.session_id <> ''
)
UPDATE contacts c
SET state = 2, position = nextval('contact_positions'), change_xid = pg_current_xact_id()
FROM found
WHERE c.contact_id = found.contact_id AND c.state = 1
RETURNING c.contact_id, c.person_id, c.policy, c.channel, c.offer_no, c.time_us, c.is_part

-- name: confirm_reserved
-- A contact that was reserved and now is made: by its own id ($1, $6), else by its decision, else
-- the oldest that another system reserved on this channel. Returns nothing when none waits, or when
-- this event was told before. Ids are other systems' own, so one counts only for the person it was
-- reserved for.
UPDATE contacts
SET state = 2, confirmed_by = $6, position = nextval('contact_positions'),
    change_xid = pg_current_xact_id()
WHERE contact_id = (
    SELECT contact_id FROM contacts
    WHERE contact_id IN ($1, $6)
            AND (person_id = ANY(set_of($3)) OR starts_with(person_id, 'pseudonym/'))
        OR decision_id = $2 AND decision_id <> '' AND NOT is_part
        OR person_id = ANY(set_of($3)) AND channel = $4 AND decision_id = '' AND state = 1
            AND lapse_us > $5
    ORDER BY contact_id IN ($1, $6) DESC, (decision_id = $2 AND decision_id <> '') DESC, time_us
    LIMIT 1
) AND NOT EXISTS (SELECT 1 FROM contacts WHERE confirmed_by = $6 AND confirmed_by <> '')
RETURNING contact_id, person_id, policy, channel, offer_no, time_us

-- name: add_contact
INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, session_id, time_us,
    lapse_us, offer_kind, offer_group)
SELECT $1, $2, $3, 2, $4, $5, $6, $7, 0, $8, $9
WHERE NOT EXISTS (SELECT 1 FROM erased_persons WHERE person_id = $2)
    AND NOT EXISTS (SELECT 1 FROM contacts WHERE confirmed_by = $1 AND confirmed_by <> '')
ON CONFLICT (contact_id) DO NOTHING
RETURNING contact_id, person_id, policy, channel, offer_no, time_us

-- name: add_imported
-- Messages that were sent and told of after the fact, many at once. What was reserved for one, by its
-- own id or by its decision, is confirmed instead.
WITH told AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
        $6::smallint[], $7::integer[], $8::text[], $9::bigint[], $10::smallint[], $11::text[])
        AS told (contact_id, event_id, decision_id, person_id, policy, channel, offer_no, session_id,
            time_us, offer_kind, offer_group)
), reserved AS (
    SELECT told.contact_id AS told_id, c.contact_id
    FROM told JOIN contacts c ON c.contact_id = told.event_id
    WHERE c.person_id = ANY(set_of(told.person_id)) OR starts_with(c.person_id, 'pseudonym/')
    UNION
    SELECT told.contact_id, c.contact_id
    FROM told JOIN contacts c ON c.decision_id = told.decision_id AND c.decision_id <> ''
    WHERE NOT c.is_part
), confirmed AS (
    UPDATE contacts c
    SET state = 2, position = nextval('contact_positions'), change_xid = pg_current_xact_id()
    FROM reserved
    WHERE c.contact_id = reserved.contact_id AND c.state <> 2
)
INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, session_id, time_us,
    lapse_us, offer_kind, offer_group)
SELECT contact_id, person_id, policy, 2, channel, offer_no, session_id, time_us, 0, offer_kind,
    offer_group
FROM told
WHERE contact_id NOT IN (SELECT told_id FROM reserved)
    AND NOT EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = told.person_id)
ON CONFLICT (contact_id) DO NOTHING

-- name: contacts_told
-- Which of these events are in the ledger.
SELECT contact_id FROM contacts WHERE contact_id = ANY($1::text[])
UNION
SELECT confirmed_by FROM contacts WHERE confirmed_by = ANY($1::text[]) AND confirmed_by <> ''

-- name: declined
SELECT person_id, time_us FROM declines WHERE person_id = ANY($1::text[]) AND time_us > $2

-- name: note_declines
-- The latest of each offer counts, with the family it had then.
INSERT INTO declines AS known (person_id, offer_no, family_no, time_us)
SELECT DISTINCT ON (person_id, offer_no) person_id, offer_no, family_no, time_us
FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[])
    AS told (person_id, offer_no, family_no, time_us)
WHERE NOT EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = told.person_id)
ORDER BY person_id, offer_no, time_us DESC
ON CONFLICT (person_id, offer_no) DO UPDATE
SET family_no = excluded.family_no, time_us = excluded.time_us
WHERE known.time_us < excluded.time_us

-- name: note_identity
-- An older notice never replaces a newer one, in whichever order they arrive.
INSERT INTO identities AS known (identity_key, person_id, person_ids, version, ambiguous)
SELECT $1, $2, $3, $4, $5
WHERE NOT EXISTS (SELECT 1 FROM erased_persons WHERE person_id = $2)
ON CONFLICT (identity_key) DO UPDATE
SET person_id = excluded.person_id, person_ids = excluded.person_ids,
    version = excluded.version, ambiguous = excluded.ambiguous
WHERE known.version < excluded.version

-- name: end_waiting
-- What was written under a pseudonym goes to the person whom profile told of.
UPDATE contacts c
SET person_id = i.person_id, position = nextval('contact_positions'),
    change_xid = pg_current_xact_id()
FROM identities i
WHERE i.identity_key = ANY($1::bytea[]) AND c.person_id = waiting_person(i.identity_key)

-- name: log_position
SELECT position FROM log_positions WHERE log = $1

-- name: move_log_position
INSERT INTO log_positions (log, position) VALUES ($1, $2)
ON CONFLICT (log) DO UPDATE SET position = greatest(log_positions.position, excluded.position)

-- name: erase_persons
SELECT erase_persons($1, $2)

-- name: forget_traces
-- By place in the table, here and below: by key the planner would read all of it for each slice.
WITH gone AS (
    DELETE FROM traces WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM traces WHERE decided_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_decisions
WITH gone AS (
    DELETE FROM decisions WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM decisions WHERE decided_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_standing
WITH gone AS (
    DELETE FROM standing WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM standing WHERE until_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_declines
WITH gone AS (
    DELETE FROM declines WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM declines WHERE time_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_contacts
-- Contacts that count in no window any more.
WITH gone AS (
    DELETE FROM contacts WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM contacts WHERE time_us < $1 LIMIT $2
    ))
    RETURNING 1)
SELECT count(*) FROM gone

-- name: forget_waiting
-- Pseudonyms that profile never told of, once none of their contacts is kept.
DELETE FROM identities WHERE ctid = ANY(ARRAY(
    SELECT i.ctid FROM identities i
    WHERE i.version = 0 AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.person_id = i.person_id)
    LIMIT $1
))
