-- Limits per offer, group of offers, channel, session, day and week. What a contact is counted by
-- stands in its row, as of then: the kind and group of its offer. An offer within a message that is
-- one contact has a row of its own (is_part), which only limits that speak of offers count.
ALTER TABLE contacts
    ADD COLUMN offer_kind smallint NOT NULL DEFAULT 0,
    ADD COLUMN offer_group text NOT NULL DEFAULT '',
    ADD COLUMN is_part boolean NOT NULL DEFAULT false;

-- How many contacts each counter has left. Counters are columns of equal length; empty texts and
-- zeros: any. decided_bits and other_bits: channels of contacts that a decision made, and of all
-- others. One short statement per counter, of which there are few: PL/pgSQL keeps its plan.
CREATE FUNCTION counters_left(
    persons text[], policies text[], limits integer[], since_us bigint[], sessions text[],
    decided_bits integer[], other_bits integer[], offers integer[], groups text[],
    kind_bits integer[], are_of_offers boolean[], now_us bigint
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    used integer;
    free integer[] := '{}';
BEGIN
    FOR n IN 1 .. cardinality(limits) LOOP
        SELECT count(*) INTO used FROM contacts c
        WHERE c.person_id = ANY(persons) AND c.time_us > since_us[n] AND c.policy = policies[n]
            AND (c.state = 2 OR c.state = 1 AND c.lapse_us > now_us)
            AND (CASE c.decision_id WHEN '' THEN other_bits[n] ELSE decided_bits[n] END
                >> c.channel & 1) = 1
            AND (sessions[n] = '' OR c.session_id = sessions[n])
            AND (offers[n] = 0 OR c.offer_no = offers[n])
            AND (groups[n] = '' OR c.offer_group = groups[n])
            AND (kind_bits[n] = 0 OR (kind_bits[n] >> c.offer_kind & 1) = 1)
            AND (CASE WHEN are_of_offers[n] THEN c.offer_no <> 0 ELSE NOT c.is_part END);
        free := array_append(free, limits[n] - used);
    END LOOP;
    RETURN free;
END $$;

-- Which of the contacts that a decision needs are held already, and which of the others are one too
-- many. Contacts are columns of equal length; each takes one from the counters
-- used[used_firsts : used_lasts], whose places are those in free. Under the persons' locks.
CREATE FUNCTION weigh_contacts(
    persons text[], the_decision text, the_session text, now_us bigint,
    contact_offers integer[], contact_placements text[], contact_parts boolean[],
    free integer[], used integer[], used_firsts integer[], used_lasts integer[],
    OUT refused integer[], OUT held text[]
) LANGUAGE plpgsql AS $$
DECLARE
    holding text;
    taken   integer[];
    place   integer;
BEGIN
    FOR wanted IN 1 .. cardinality(contact_offers) LOOP
        -- The same offer in one session, and a decision repeated, is one contact.
        SELECT c.contact_id INTO holding FROM contacts c
        WHERE c.person_id = ANY(persons) AND c.offer_no = contact_offers[wanted]
            AND (c.offer_no <> 0 OR c.placement = contact_placements[wanted])
            AND (contact_parts[wanted] OR NOT c.is_part)
            AND (c.decision_id = the_decision OR the_session <> '' AND c.session_id = the_session)
            AND (c.state = 2 OR c.state = 1 AND c.lapse_us > now_us)
        ORDER BY c.is_part DESC
        LIMIT 1;
        held := array_append(held, holding);
        CONTINUE WHEN holding IS NOT NULL;
        taken := used[used_firsts[wanted] : used_lasts[wanted]];
        IF EXISTS (SELECT 1 FROM unnest(taken) AS t WHERE free[t] <= 0) THEN
            refused := array_append(refused, wanted);
            CONTINUE;
        END IF;
        FOREACH place IN ARRAY taken LOOP
            free[place] := free[place] - 1;
        END LOOP;
    END LOOP;
END $$;

-- Takes the place of its namesake with fewer arguments, which replicas of the version before still
-- call. What is new: contacts carry policy, kind, group and part, and take from counters.
CREATE FUNCTION commit_decision(
    the_decision text, persons text[], identity_key_ bytea, now_us_ bigint, the_channel smallint,
    the_session text,
    -- The contacts it needs; columns of equal length. contact_states: 1 reserve, 2 confirm; those
    -- that are told of have a notice.
    contact_offers integer[], contact_placements text[], contact_states smallint[],
    contact_notices bytea[], contact_policies text[], contact_kinds smallint[],
    contact_groups text[], contact_parts boolean[],
    -- What they take from: see weigh_contacts and counters_left.
    used integer[], used_firsts integer[], used_lasts integer[],
    policies text[], limits integer[], since_us bigint[], sessions text[],
    decided_bits integer[], other_bits integer[], offers integer[], groups text[],
    kind_bits integer[], are_of_offers boolean[], lapse_us_ bigint,
    -- What is written of it. subjects: contacts by person, in the order of persons.
    what_is_asked bytea, the_answer bytea, the_notice bytea, decision_subject text,
    contact_subjects text[], the_trace bytea,
    -- What sticks; columns of equal length. The orders are joined: order_firsts and order_lasts say
    -- where each stands.
    the_digest bytea, the_token bigint, the_bundle text, sticky_us bigint,
    order_placements text[], order_limits integer[], order_offers integer[],
    order_sources smallint[], order_firsts integer[], order_lasts integer[],
    OUT outcome smallint, OUT refused integer[], OUT answered bytea
)
LANGUAGE plpgsql AS $$
DECLARE
    written_under text := coalesce(persons[1], '');
    person_place  integer := 1;
    stored        record;
    weighed       record;
    is_repeat     boolean;
BEGIN
    IF written_under <> '' THEN
        PERFORM lock_persons(persons);
        IF EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = ANY(persons)) THEN
            -- Erased while it was decided: it is shown, and leaves no trace.
            outcome := 0;
            RETURN;
        END IF;
        IF array_length(persons, 1) > 1 THEN
            SELECT i.person_id, array_position(persons, i.person_id)
            INTO written_under, person_place
            FROM identities i WHERE i.identity_key = identity_key_ AND i.person_id = ANY(persons);
            written_under := coalesce(written_under, persons[1]);
            person_place := coalesce(person_place, 1);
        END IF;
    END IF;

    SELECT d.asked, d.answer, d.decided_us INTO stored
    FROM decisions d WHERE d.decision_id = the_decision;
    is_repeat := FOUND;
    IF is_repeat AND stored.asked = what_is_asked
        AND (cardinality(contact_offers) = 0 OR stored.decided_us > now_us_ - lapse_us_)
    THEN
        outcome := 1;
        answered := stored.answer;
        RETURN;
    END IF;

    IF cardinality(contact_offers) > 0 THEN
        SELECT w.refused, w.held INTO weighed FROM weigh_contacts(
            persons, the_decision, the_session, now_us_, contact_offers, contact_placements,
            contact_parts,
            counters_left(persons, policies, limits, since_us, sessions, decided_bits, other_bits,
                offers, groups, kind_bits, are_of_offers, now_us_),
            used, used_firsts, used_lasts) AS w;
        IF weighed.refused IS NOT NULL THEN
            outcome := 2;
            refused := weighed.refused;
            RETURN;
        END IF;
    END IF;
    FOR wanted IN 1 .. cardinality(contact_offers) LOOP
        IF weighed.held[wanted] IS NOT NULL THEN
            UPDATE contacts SET lapse_us = now_us_ + lapse_us_
            WHERE contact_id = weighed.held[wanted] AND state = 1;
            CONTINUE;
        END IF;
        INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, placement,
            session_id, decision_id, time_us, lapse_us, offer_kind, offer_group, is_part)
        VALUES (
            the_decision || '/' || contact_placements[wanted] || '/' || contact_offers[wanted],
            written_under, contact_policies[wanted], contact_states[wanted], the_channel,
            contact_offers[wanted], contact_placements[wanted], the_session, the_decision, now_us_,
            now_us_ + lapse_us_, contact_kinds[wanted], contact_groups[wanted],
            contact_parts[wanted])
        ON CONFLICT (contact_id) DO UPDATE SET state = excluded.state, policy = excluded.policy,
            offer_kind = excluded.offer_kind, offer_group = excluded.offer_group,
            time_us = excluded.time_us, lapse_us = excluded.lapse_us,
            position = nextval('contact_positions'), change_xid = pg_current_xact_id();
        IF contact_notices[wanted] <> '' THEN
            INSERT INTO outbox (subject, schema_number, data)
            VALUES (contact_subjects[person_place], 1,
                with_person(contact_notices[wanted], written_under));
        END IF;
    END LOOP;

    outcome := 0;
    IF is_repeat THEN
        -- It stands and was checked anew: what is shown may have become less. Field 10 of
        -- DecisionNotice says so to the journal.
        UPDATE decisions SET asked = what_is_asked, answer = the_answer
        WHERE decision_id = the_decision;
        INSERT INTO outbox (subject, schema_number, data)
        VALUES (decision_subject, 1, the_notice || '\x5001'::bytea);
        RETURN;
    END IF;

    INSERT INTO decisions (decision_id, person_id, person_ids, decided_us, channel, asked, answer,
        notice)
    VALUES (the_decision, written_under, persons, now_us_, the_channel, what_is_asked, the_answer,
        the_notice);
    INSERT INTO traces (decision_id, decided_us, trace) VALUES (the_decision, now_us_, the_trace);
    INSERT INTO outbox (subject, schema_number, data) VALUES (decision_subject, 1, the_notice);
    IF cardinality(order_placements) > 0 THEN
        INSERT INTO standing (person_id, digest, placement, ask_limit, decision_id, offer_nos,
            sources, token, bundle_hash, made_us, until_us)
        SELECT persons[1], the_digest, o.placement, o.ask_limit, the_decision,
            order_offers[o.first : o.last], order_sources[o.first : o.last], the_token, the_bundle,
            now_us_, now_us_ + sticky_us
        FROM unnest(order_placements, order_limits, order_firsts, order_lasts)
            AS o (placement, ask_limit, first, last)
        ON CONFLICT (person_id, digest, placement) DO UPDATE SET ask_limit = excluded.ask_limit,
            decision_id = excluded.decision_id, offer_nos = excluded.offer_nos,
            sources = excluded.sources,
            token = excluded.token, bundle_hash = excluded.bundle_hash,
            made_us = excluded.made_us, until_us = excluded.until_us;
    END IF;
END $$;

-- Takes the place of its namesake with fewer arguments. A reservation asked for again is held longer,
-- one that had lapsed is asked for anew; while it is closed only what is held is granted.
CREATE FUNCTION reserve_contact(
    the_contact text, persons text[], of_policy text, the_channel smallint, the_offer integer,
    the_kind smallint, the_group text, is_closed boolean, now_us_ bigint, until_us bigint,
    policies text[], limits integer[], since_us bigint[], sessions text[],
    decided_bits integer[], other_bits integer[], offers integer[], groups text[],
    kind_bits integer[], are_of_offers boolean[], the_notice bytea, contact_subject text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    PERFORM lock_persons(persons);
    IF EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = ANY(persons)) THEN
        RETURN false;
    END IF;
    SELECT c.state, c.lapse_us INTO known FROM contacts c WHERE c.contact_id = the_contact;
    IF FOUND AND known.state <> 1 THEN
        RETURN known.state = 2;
    END IF;
    IF FOUND AND known.lapse_us > now_us_ THEN
        UPDATE contacts SET lapse_us = greatest(lapse_us, until_us) WHERE contact_id = the_contact;
        RETURN true;
    END IF;
    IF is_closed OR 0 >= ANY(counters_left(persons, policies, limits, since_us, sessions,
        decided_bits, other_bits, offers, groups, kind_bits, are_of_offers, now_us_))
    THEN
        RETURN false;
    END IF;
    INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, time_us,
        lapse_us, offer_kind, offer_group)
    VALUES (the_contact, persons[1], of_policy, 1, the_channel, the_offer, now_us_, until_us,
        the_kind, the_group)
    ON CONFLICT (contact_id) DO UPDATE SET person_id = excluded.person_id, state = 1,
        policy = excluded.policy, channel = excluded.channel, offer_no = excluded.offer_no,
        offer_kind = excluded.offer_kind, offer_group = excluded.offer_group,
        time_us = excluded.time_us, lapse_us = excluded.lapse_us,
        position = nextval('contact_positions'), change_xid = pg_current_xact_id();
    INSERT INTO outbox (subject, schema_number, data) VALUES (contact_subject, 1, the_notice);
    RETURN true;
END $$;
