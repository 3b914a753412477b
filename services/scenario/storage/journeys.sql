-- name: pass_gate
-- Writers pass together, an erasure alone: what it deletes nobody is writing.
SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/erasing', 0));

-- name: close_gate
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/erasing', 0));

-- name: sets_of
SELECT asked.person_id, coalesce(s.person_ids, ARRAY[asked.person_id]) AS person_ids
FROM unnest($1::text[]) AS asked (person_id)
LEFT JOIN person_sets s ON s.person_id = asked.person_id
WHERE NOT EXISTS (SELECT FROM erased_persons e WHERE e.person_id = asked.person_id);

-- name: known_sets
SELECT person_id, person_ids FROM person_sets WHERE person_id = ANY($1::text[]);

-- name: are_on_a_journey
SELECT EXISTS (
    SELECT FROM unnest($1::text[]) AS heard (person_id)
    LEFT JOIN person_sets s ON s.person_id = heard.person_id
    JOIN journeys j ON j.person_id = ANY(coalesce(s.person_ids, ARRAY[heard.person_id]))
    WHERE j.phase <> 4
);

-- name: keep_sets
-- Whoever stands alone and always did needs no row.
INSERT INTO person_sets AS known (person_id, person_ids, version)
SELECT told.person_id, members.ids, told.version
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS told (person_id, person_ids, version)
CROSS JOIN LATERAL (SELECT string_to_array(told.person_ids, ',')) AS members (ids)
WHERE (cardinality(members.ids) > 1
       OR EXISTS (SELECT FROM person_sets s WHERE s.person_id = told.person_id))
  AND NOT EXISTS (SELECT FROM erased_persons e WHERE e.person_id = told.person_id)
ON CONFLICT (person_id) DO UPDATE
SET person_ids = excluded.person_ids, version = excluded.version
WHERE known.version < excluded.version
RETURNING person_id, person_ids;

-- name: ask_again
-- Whoever was taken up was judged by what their set did then.
INSERT INTO looks_again (journey_id)
SELECT journey_id FROM journeys
WHERE person_id = ANY($1::text[]) AND taken_up_us > 0 AND phase = 1;

-- name: add_marks
INSERT INTO person_marks AS known (person_id, type, offer_no, time_us)
SELECT person_id, type, offer_no, max(time_us)
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
    AS made (person_id, type, offer_no, time_us)
WHERE NOT EXISTS (SELECT FROM erased_persons e WHERE e.person_id = made.person_id)
GROUP BY person_id, type, offer_no
ORDER BY person_id, type, offer_no
ON CONFLICT (person_id, type, offer_no) DO UPDATE
SET time_us = greatest(known.time_us, excluded.time_us);

-- name: marks_of
SELECT person_id, type, offer_no, time_us FROM person_marks
WHERE person_id = ANY($1::text[])
ORDER BY time_us;

-- name: forget_marks
WITH gone AS (DELETE FROM person_marks WHERE time_us < $1 RETURNING 1)
SELECT count(*) FROM gone;

-- name: erase_marks
WITH gone AS (DELETE FROM person_marks WHERE person_id = ANY($1::text[]) RETURNING 1)
SELECT count(*) FROM gone;

-- name: lock_open
-- In the order of their ids, so that two who lock several never wait for each other.
SELECT * FROM journeys
WHERE person_id = ANY($1::text[]) AND phase <> 4
ORDER BY journey_id
FOR UPDATE;

-- name: open_for
SELECT * FROM journeys
WHERE person_id = ANY($1::text[]) AND phase <> 4
ORDER BY greatest(entered_us, started_us) DESC, journey_id DESC;

-- name: ended
SELECT person_id, scenario, subject_no, max(ended_us) AS latest_us, count(*) AS times
FROM (
    SELECT person_id, scenario, subject_no, ended_us FROM journeys
    WHERE person_id = ANY($1::text[]) AND phase = 4 AND occurrence > 0
    UNION ALL
    SELECT e.person_id, e.scenario, j.subject_no, e.until_us
    FROM entries e JOIN journeys j USING (journey_id)
    WHERE e.person_id = ANY($1::text[]) AND e.held_out
) AS behind
GROUP BY person_id, scenario, subject_no;

-- name: add_tallies
-- Lists are texts, as in `move_journeys`.
INSERT INTO tallies (person_id, scenario, is_occasion, time_us, subject_no, cart_nos)
SELECT person_id, scenario, is_occasion, time_us, subject_no, cart_nos::bigint[]
FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[], $5::bigint[], $6::text[])
    AS made (person_id, scenario, is_occasion, time_us, subject_no, cart_nos)
WHERE NOT EXISTS (SELECT FROM erased_persons e WHERE e.person_id = made.person_id);

-- name: tallies_of
SELECT person_id, scenario, is_occasion, time_us, subject_no, cart_nos FROM tallies
WHERE person_id = ANY($1::text[])
ORDER BY time_us;

-- name: forget_tallies
WITH gone AS (DELETE FROM tallies WHERE time_us < $1 RETURNING 1)
SELECT count(*) FROM gone;

-- name: erase_tallies
WITH gone AS (DELETE FROM tallies WHERE person_id = ANY($1::text[]) RETURNING 1)
SELECT count(*) FROM gone;

-- name: lock_room
-- About midnight, and where people live by several zones, some are still in the day before: they
-- count in the newer one, and never begin an old one anew.
INSERT INTO rooms AS known (scenario, day, entered) VALUES ($1, $2, 0)
ON CONFLICT (scenario) DO UPDATE
SET entered = CASE WHEN known.day >= excluded.day THEN known.entered ELSE 0 END,
    day = greatest(known.day, excluded.day)
RETURNING entered;

-- name: count_under_way
SELECT count(*) FROM journeys WHERE scenario = $1 AND phase <> 4 AND occurrence > 0;

-- name: take_room
UPDATE rooms SET entered = entered + 1 WHERE scenario = $1;

-- name: calls_of
-- What agents have to do of a day for journeys, and nobody asked for: tried since it began, or open
-- and due before it ends.
SELECT (
    SELECT count(*) FROM task_attempts a JOIN tasks t USING (task_id)
    WHERE a.ended_us >= $1 AND t.precedence = 0
) AS tried, (
    SELECT count(*) FROM tasks t JOIN journeys j ON j.journey_id = t.journey_id
    WHERE t.outcome = '' AND t.precedence = 0 AND NOT j.dormant AND t.due_us < $2
      AND (t.expires_us = 0 OR t.expires_us > $3)
) AS open;

-- name: leave_room
UPDATE rooms SET entered = entered - 1 WHERE scenario = $1;

-- name: add_journeys
-- One that is there already stays as it is: whoever is taken up twice is on one journey.
INSERT INTO journeys (journey_id, person_id, scenario, definition, phase, version, started_us,
    due_us, outcome, ended_us, dormant, began, item_no, subject_no, taken_up_us)
SELECT journey_id, person_id, scenario, definition, phase, version, started_us, due_us, outcome,
    ended_us, dormant, began, item_no, subject_no, taken_up_us
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::smallint[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::boolean[], $12::text[],
    $13::bigint[], $14::bigint[], $15::bigint[])
    AS added (journey_id, person_id, scenario, definition, phase, version, started_us, due_us,
        outcome, ended_us, dormant, began, item_no, subject_no, taken_up_us)
WHERE NOT EXISTS (SELECT FROM erased_persons e WHERE e.person_id = added.person_id)
ON CONFLICT (journey_id) DO NOTHING
RETURNING journey_id;

-- name: move_journeys
-- Whoever holds a lease on one has lost it: what they read is no longer so. Lists are texts, since
-- those of several journeys are of several lengths.
UPDATE journeys
SET phase = moved.phase, version = moved.version, due_us = moved.due_us, stage = moved.stage,
    entered_us = moved.entered_us, until_us = moved.until_us, occurrence = moved.occurrence,
    offer_no = moved.offer_no, other_offer_nos = moved.other_offer_nos::bigint[],
    answers_to = moved.answers_to::bigint[], cart_nos = moved.cart_nos::bigint[],
    cart_quantities = moved.cart_quantities::double precision[],
    cart_value_micros = moved.cart_value_micros, obstacle = moved.obstacle,
    outcome = moved.outcome, ended_us = moved.ended_us, ended_as = moved.ended_as,
    dormant = moved.dormant, next_stage = moved.next_stage, answer = moved.answer,
    messages = moved.messages, messages_sent = moved.messages_sent, awaited_no = moved.awaited_no,
    approaches_us = moved.approaches_us, began = coalesce(moved.began, journeys.began),
    definition = coalesce(moved.definition, journeys.definition), owner = '', lease_until = NULL,
    changed_time = CASE WHEN moved.is_visible THEN clock_timestamp() ELSE changed_time END
FROM unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::bigint[],
    $7::bigint[], $8::integer[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[],
    $14::bigint[], $15::text[], $16::text[], $17::bigint[], $18::text[], $19::boolean[],
    $20::smallint[], $21::text[], $22::integer[], $23::bigint[], $24::text[], $25::bytea[],
    $26::boolean[], $27::integer[], $28::bigint[])
    AS moved (journey_id, phase, version, due_us, stage, entered_us, until_us, occurrence, offer_no,
        other_offer_nos, answers_to, cart_nos, cart_quantities, cart_value_micros, obstacle,
        outcome, ended_us, ended_as, dormant, next_stage, answer, messages, awaited_no, began,
        definition, is_visible, messages_sent, approaches_us)
WHERE journeys.journey_id = moved.journey_id;

-- name: move_due_times
-- As `move_journeys`, where only the time has changed.
UPDATE journeys
SET version = later.version, due_us = later.due_us, owner = '', lease_until = NULL
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS later (journey_id, version, due_us)
WHERE journeys.journey_id = later.journey_id;

-- name: add_effects
-- Returns those that were not there yet.
INSERT INTO effects (journey_id, stage, occurrence, kind)
SELECT journey_id, stage, occurrence, kind
FROM unnest($1::text[], $2::smallint[], $3::integer[], $4::text[])
    AS made (journey_id, stage, occurrence, kind)
ON CONFLICT DO NOTHING
RETURNING journey_id, stage, occurrence, kind;

-- name: add_passages
INSERT INTO passages (journey_id, occurrence, stage, entered_us)
SELECT journey_id, occurrence, stage, entered_us
FROM unnest($1::text[], $2::integer[], $3::text[], $4::bigint[])
    AS passed (journey_id, occurrence, stage, entered_us)
ON CONFLICT DO NOTHING;

-- name: add_entries
-- Of a journey that is looked at several times before its first stage the first one counts.
INSERT INTO entries (journey_id, person_id, scenario, held_out, is_shadow, met_us, until_us)
SELECT journey_id, person_id, scenario, held_out, is_shadow, met_us, until_us
FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::boolean[], $6::bigint[],
    $7::bigint[])
    AS met (journey_id, person_id, scenario, held_out, is_shadow, met_us, until_us)
ON CONFLICT DO NOTHING;

-- name: entries_waiting
-- In the order of their ids, so that two who note several never wait for each other.
SELECT j.*, e.held_out, e.met_us, e.until_us AS counts_until_us
FROM entries e JOIN journeys j USING (journey_id)
WHERE e.person_id = ANY($1::text[]) AND e.reached_us = 0 AND e.until_us >= $2
ORDER BY e.journey_id
FOR UPDATE OF e;

-- name: reach_entries
UPDATE entries SET reached_us = made.reached_us, value_micros = made.value_micros
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS made (journey_id, reached_us, value_micros)
WHERE entries.journey_id = made.journey_id;

-- name: add_tasks
INSERT INTO tasks (task_id, journey_id, occurrence, person_id, kind, reason, script, offer_ids,
    skills, priority, due_us, expires_us, time_zone, passed_over)
SELECT task_id, journey_id, occurrence, person_id, kind, reason, script,
    ARRAY(SELECT jsonb_array_elements_text(offer_ids::jsonb)),
    ARRAY(SELECT jsonb_array_elements_text(skills::jsonb)), priority, due_us, expires_us, time_zone,
    passed_over::jsonb
FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::integer[], $11::bigint[], $12::bigint[], $13::text[],
    $14::text[])
    AS given (task_id, journey_id, occurrence, person_id, kind, reason, script, offer_ids, skills,
        priority, due_us, expires_us, time_zone, passed_over);

-- name: add_errands
INSERT INTO errands (errand_id, journey_id, stage, occurrence, person_id, scenario, stage_name, kind,
    lane, payload, due_us, expires_us, passed_over)
SELECT errand_id, journey_id, stage, occurrence, person_id, scenario, stage_name, kind, lane, payload,
    due_us, expires_us, passed_over::jsonb
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::integer[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::smallint[], $10::bytea[], $11::bigint[], $12::bigint[],
    $13::text[])
    AS given (errand_id, journey_id, stage, occurrence, person_id, scenario, stage_name, kind,
        lane, payload, due_us, expires_us, passed_over);

-- name: cancel_messages
-- Of journeys that were cut short, and of stages that had a time for it: what is not under way yet
-- is not sent.
UPDATE errands SET state = 'cancelled', is_open = false
FROM unnest($1::text[], $2::integer[], $3::boolean[]) AS moved (journey_id, occurrence, is_cut_short)
WHERE errands.journey_id = moved.journey_id AND errands.occurrence <> moved.occurrence
  AND errands.kind = 'message' AND errands.state = 'waiting'
  AND (errands.expires_us > 0 OR moved.is_cut_short);

-- name: end_tasks
-- Of journeys that are over, or in another stage by now.
UPDATE tasks SET outcome = moved.outcome, claimed_until_us = 0
FROM unnest($1::text[], $2::integer[], $3::text[]) AS moved (journey_id, occurrence, outcome)
WHERE tasks.journey_id = moved.journey_id AND tasks.occurrence <> moved.occurrence
  AND tasks.outcome = '';

-- name: claim_due
UPDATE journeys
SET owner = $1, lease_until = clock_timestamp() + make_interval(secs => $3), token = token + 1
WHERE journey_id IN (
    SELECT journey_id FROM journeys
    WHERE phase <> 4 AND NOT dormant AND due_us > 0 AND due_us <= $2
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    ORDER BY due_us
    LIMIT $4
    FOR UPDATE SKIP LOCKED
)
RETURNING *, coalesce(
    (SELECT s.person_ids[1] FROM person_sets s WHERE s.person_id = journeys.person_id), ''
) AS oldest_id;

-- name: put_off
UPDATE journeys SET owner = '', lease_until = clock_timestamp() + make_interval(secs => $4)
WHERE journey_id = $1 AND token = $2 AND version = $3;

-- name: next_due
SELECT coalesce(min(due_us), 0) FROM journeys
WHERE phase <> 4 AND NOT dormant AND due_us > 0
  AND (lease_until IS NULL OR lease_until < clock_timestamp());

-- name: look_again
-- Those parked, those that propose what cannot be had or for a scenario that is not defined, and
-- those that a newer edition takes over; locked in the order of their ids, as by whoever brings several forward.
WITH found AS (
    SELECT journey_id FROM journeys
    WHERE phase IN (2, 3) AND (due_us > $1 OR due_us = 0)
      AND (phase = 3 OR offer_no = ANY($2::bigint[]) OR other_offer_nos && $2::bigint[]
           OR (offer_no <> 0 AND scenario <> ALL($3::text[]))
           OR EXISTS (SELECT FROM unnest($4::text[], $5::bytea[]) AS newer (scenario, definition)
                      WHERE newer.scenario = journeys.scenario
                        AND newer.definition <> journeys.definition))
    ORDER BY journey_id
    FOR UPDATE
), woken AS (
    UPDATE journeys
    SET due_us = $1, version = version + 1, owner = '', lease_until = NULL
    FROM found
    WHERE journeys.journey_id = found.journey_id
    RETURNING 1
)
SELECT count(*) FROM woken;

-- name: awaited
-- Items that somebody waits for.
SELECT DISTINCT awaited_no FROM journeys WHERE awaited_no <> 0 AND phase = 2 AND NOT dormant;

-- name: awaiting
SELECT DISTINCT person_id FROM journeys
WHERE awaited_no = $1 AND awaited_no <> 0 AND phase = 2 AND NOT dormant AND next_stage = -2
ORDER BY person_id
LIMIT $2;

-- name: proposing
-- What the read model begins with.
SELECT * FROM journeys WHERE phase = 2 AND offer_no <> 0 AND NOT dormant;

-- name: changed_lately
SELECT * FROM journeys WHERE changed_time > clock_timestamp() - make_interval(secs => $1);

-- name: erase_errands
-- Before the journeys, with which most of them would go uncounted.
WITH gone AS (DELETE FROM errands WHERE person_id = ANY($1::text[]) RETURNING 1)
SELECT count(*) FROM gone;

-- name: note_erased
INSERT INTO erased_persons (person_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING;

-- name: erase_journeys
-- Their effects and tasks go with them.
DELETE FROM journeys WHERE person_id = ANY($1::text[]) RETURNING journey_id, person_id, version;

-- name: count_tasks
SELECT count(*) FROM tasks WHERE person_id = ANY($1::text[]);

-- name: erase_keys
WITH gone AS (DELETE FROM person_keys WHERE person_id = ANY($1::text[]) RETURNING 1)
SELECT count(*) FROM gone;

-- name: erase_sets
WITH gone AS (DELETE FROM person_sets WHERE person_id = ANY($1::text[]) RETURNING 1)
SELECT count(*) FROM gone;

-- name: forget_over
WITH gone AS (
    DELETE FROM journeys WHERE phase = 4 AND ended_us < $1 RETURNING 1
)
SELECT count(*) FROM gone;

-- name: log_position
SELECT position FROM log_positions WHERE log = $1;

-- name: move_log_position
INSERT INTO log_positions (log, position) VALUES ($1, $2)
ON CONFLICT (log) DO UPDATE SET position = greatest(log_positions.position, excluded.position);
