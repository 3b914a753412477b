-- name: journeys
SELECT journey_id, person_id, scenario, phase, version, started_us, due_us, stage, entered_us,
    until_us, approaches_us, occurrence, offer_no, other_offer_nos, answers_to, cart_nos, cart_quantities,
    cart_value_micros, began, item_no, subject_no, awaited_no, next_stage, answer, messages,
    messages_sent, obstacle, outcome, ended_as, ended_us, dormant, taken_up_us
FROM journeys
WHERE person_id = ANY($1::text[])
ORDER BY started_us, journey_id

-- name: effects
SELECT e.journey_id, e.stage, e.occurrence, e.kind, e.written_time
FROM journeys j JOIN effects e USING (journey_id)
WHERE j.person_id = ANY($1::text[])
ORDER BY e.written_time

-- name: passages
SELECT p.journey_id, p.occurrence, p.stage, p.entered_us
FROM journeys j JOIN passages p USING (journey_id)
WHERE j.person_id = ANY($1::text[])
ORDER BY p.journey_id, p.occurrence

-- name: entries
SELECT journey_id, person_id, scenario, held_out, is_shadow, met_us, until_us, reached_us,
    value_micros
FROM entries
WHERE person_id = ANY($1::text[])
ORDER BY met_us, journey_id

-- name: tasks
SELECT t.task_id, t.journey_id, t.occurrence, t.person_id, t.kind, t.reason, t.script, t.offer_ids,
    t.skills, t.priority, t.due_us, t.expires_us, t.agent_id, t.claimed_until_us, t.claims,
    t.outcome, t.ended_by, t.latest, t.tries, t.time_zone, t.passed_over, t.note, k.wrapped
FROM tasks t LEFT JOIN person_keys k USING (person_id)
WHERE t.person_id = ANY($1::text[])
ORDER BY t.due_us, t.task_id

-- name: task_attempts
SELECT a.task_id, a.number, a.agent_id, a.outcome, a.due_us, a.claimed_us, a.ended_us, a.note,
    t.person_id, k.wrapped
FROM tasks t JOIN task_attempts a USING (task_id) LEFT JOIN person_keys k USING (person_id)
WHERE t.person_id = ANY($1::text[])
ORDER BY a.ended_us, a.task_id

-- name: person_sets
SELECT person_id, person_ids, version FROM person_sets WHERE person_id = ANY($1::text[])

-- name: person_marks
SELECT person_id, type, offer_no, time_us FROM person_marks
WHERE person_id = ANY($1::text[])
ORDER BY time_us, type

-- name: errands
SELECT errand_id, journey_id, person_id, scenario, stage, stage_name, occurrence, kind, payload,
    due_us, expires_us, state, reason, obstacle, tries, setbacks, doubts, asked, tried_us, changed_us,
    channel, why, passed_over, contact_id, decision_id, offer_id, provider_id, sent_us, campaign, campaign_offer
FROM errands
WHERE person_id = ANY($1::text[])
ORDER BY due_us, errand_id

-- name: tallies
SELECT person_id, scenario, is_occasion, time_us, subject_no, cart_nos FROM tallies
WHERE person_id = ANY($1::text[])
ORDER BY time_us
