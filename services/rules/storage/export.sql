-- name: identities
SELECT identity_key, person_id, person_ids, version, ambiguous FROM identities
WHERE person_id = ANY($1::text[])
ORDER BY identity_key

-- name: declines
SELECT person_id, offer_no, family_no, time_us FROM declines
WHERE person_id = ANY($1::text[])
ORDER BY time_us, offer_no

-- name: contacts
SELECT contact_id, person_id, policy, state, channel, offer_no, placement, session_id, decision_id,
    time_us, lapse_us, offer_kind, offer_group, is_part, confirmed_by, reserved_by
FROM contacts
WHERE person_id = ANY($1::text[])
ORDER BY time_us, contact_id

-- name: promises
SELECT promise_no, person_id, offer_no, state, decision_id, made_us, expires_us, free_us, ended_us,
    units, accounts, answered_by, (
        SELECT t.terms FROM offer_terms t
        WHERE t.offer_no = promises.offer_no
        ORDER BY t.since_us <= promises.made_us DESC,
            CASE WHEN t.since_us <= promises.made_us THEN -t.version ELSE t.version END
        LIMIT 1
    ) AS terms
FROM promises
WHERE person_id = ANY($1::text[]) AND person_id <> ''
ORDER BY made_us, offer_no

-- name: decisions
SELECT decision_id, person_id, person_ids, decided_us, channel, answer, notice FROM decisions
WHERE person_id = ANY($1::text[]) AND person_id <> ''
ORDER BY decided_us, decision_id

-- name: traces
SELECT t.decision_id, t.decided_us, t.trace
FROM decisions d JOIN traces t USING (decision_id)
WHERE d.person_id = ANY($1::text[]) AND d.person_id <> ''
ORDER BY t.decided_us, t.decision_id

-- name: recorded_decisions
SELECT decision_id, person_id, person_ids, decided_us, recorded FROM recorded_decisions
WHERE person_id = ANY($1::text[]) AND person_id <> ''
ORDER BY decided_us, decision_id

-- name: unconfirmed_answers
SELECT decision_id, person_ids, answered_us, answer FROM unconfirmed_answers
WHERE person_ids && $1::text[]
ORDER BY answered_us, decision_id

-- name: standing
SELECT person_id, placement, ask_limit, decision_id, offer_nos, sources, bundle_hash, made_us,
    until_us
FROM standing
WHERE person_id = ANY($1::text[])
ORDER BY made_us, placement

-- name: waiting_persons
-- Under whom contacts wait that were reserved before anybody knew whose pseudonym it is.
SELECT waiting_person(asked.identity_key) AS person_id FROM unnest($1::bytea[]) AS asked (identity_key)
