-- What passes in one transaction: locks first, counting in a later statement. One statement that
-- locks and counts would count in a snapshot that is older than its lock.

-- Takes the persons' locks in ascending order; the seed keeps them apart from other services'.
CREATE FUNCTION lock_persons(persons text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lock_key bigint;
BEGIN
    IF array_length(persons, 1) = 1 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(persons[1], 7403));
        RETURN;
    END IF;
    FOR lock_key IN
        SELECT DISTINCT hashtextextended(person, 7403) FROM unnest(persons) AS person ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(lock_key);
    END LOOP;
END $$;

-- How many more contacts of a policy the persons may have under all of its limits. PL/pgSQL keeps
-- the plans of a session, a function in SQL would be planned at each call.
CREATE FUNCTION contacts_left(
    persons text[], of_policy text, limits integer[], windows_us bigint[], now_us bigint
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    fewest integer := 1000000;
    used   integer;
BEGIN
    FOR rule IN 1 .. cardinality(limits) LOOP
        SELECT count(*) INTO used FROM contacts
        WHERE person_id = ANY(persons) AND policy = of_policy
            AND time_us > now_us - windows_us[rule]
            AND (state = 2 OR state = 1 AND lapse_us > now_us);
        fewest := least(fewest, limits[rule] - used);
    END LOOP;
    RETURN fewest;
END $$;

-- The notice of a contact with its person: field 2 of ContactNotice is appended in wire format.
CREATE FUNCTION with_person(notice bytea, person text) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
    encoded bytea := convert_to(person, 'UTF8');
BEGIN
    RETURN notice || '\x12'::bytea || set_byte('\x00'::bytea, 0, octet_length(encoded)) || encoded;
END $$;

-- Under whom a contact waits until profile tells whose pseudonym it is.
CREATE FUNCTION waiting_person(the_key bytea) RETURNS text LANGUAGE sql IMMUTABLE
RETURN 'pseudonym/' || encode(the_key, 'hex');

-- The set behind the strongest pseudonym that leads to somebody, made to wait if none does; null
-- where the strongest fits several people. Keeps profile's word on it out until the commit, so that
-- no contact is written under a person that has just stopped waiting.
CREATE FUNCTION persons_behind(keys bytea[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    members text[];
BEGIN
    FOR tries IN 1 .. 2 LOOP
        SELECT person_ids INTO members
        FROM unnest(keys) WITH ORDINALITY AS asked (identity_key, place)
        JOIN identities USING (identity_key)
        WHERE NOT ambiguous
        ORDER BY place
        LIMIT 1
        FOR SHARE OF identities;
        EXIT WHEN FOUND;
        INSERT INTO identities (identity_key, person_id, person_ids, version, ambiguous)
        SELECT keys[1], waiting_person(keys[1]), ARRAY[waiting_person(keys[1])], 0, false
        ON CONFLICT (identity_key) DO NOTHING;
    END LOOP;
    RETURN members;
END $$;

-- Commits a decision, or says which of its contacts a race refused and then writes nothing.
-- outcome: 0 written, 1 repeated (answered is what was shown then), 2 refused.
CREATE FUNCTION commit_decision(
    the_decision text, persons text[], identity_key_ bytea, now_us_ bigint, the_channel smallint,
    the_session text,
    -- The contacts it needs; columns of equal length. contact_states: 1 reserve, 2 confirm: only
    -- those that are confirmed have a notice.
    contact_offers integer[], contact_placements text[], contact_states smallint[],
    contact_notices bytea[], of_policy text, limits integer[], windows_us bigint[], lapse_us_ bigint,
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
    is_repeat     boolean;
    holding       text;
    held          text[];
    free          integer;
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

    -- One short statement per contact, of which there are few: faster than one over all of them.
    IF cardinality(contact_offers) > 0 THEN
        free := contacts_left(persons, of_policy, limits, windows_us, now_us_);
    END IF;
    FOR wanted IN 1 .. cardinality(contact_offers) LOOP
        -- The same offer in one session, and a decision repeated, is one contact.
        SELECT c.contact_id INTO holding FROM contacts c
        WHERE c.person_id = ANY(persons) AND c.offer_no = contact_offers[wanted]
            AND (c.offer_no <> 0 OR c.placement = contact_placements[wanted])
            AND (c.decision_id = the_decision OR the_session <> '' AND c.session_id = the_session)
            AND (c.state = 2 OR c.state = 1 AND c.lapse_us > now_us_)
        LIMIT 1;
        held := array_append(held, holding);
        IF holding IS NULL AND free > 0 THEN
            free := free - 1;
        ELSIF holding IS NULL THEN
            refused := array_append(refused, wanted);
        END IF;
    END LOOP;
    IF refused IS NOT NULL THEN
        outcome := 2;
        RETURN;
    END IF;
    FOR wanted IN 1 .. cardinality(contact_offers) LOOP
        IF held[wanted] IS NOT NULL THEN
            UPDATE contacts SET lapse_us = now_us_ + lapse_us_
            WHERE contact_id = held[wanted] AND state = 1;
            CONTINUE;
        END IF;
        INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, placement,
            session_id, decision_id, time_us, lapse_us)
        VALUES (
            the_decision || '/' || contact_placements[wanted] || '/' || contact_offers[wanted],
            written_under, of_policy, contact_states[wanted], the_channel, contact_offers[wanted],
            contact_placements[wanted], the_session, the_decision, now_us_, now_us_ + lapse_us_)
        ON CONFLICT (contact_id) DO UPDATE SET state = excluded.state,
            time_us = excluded.time_us, lapse_us = excluded.lapse_us,
            position = nextval('contact_positions'), change_xid = pg_current_xact_id();
        IF contact_states[wanted] = 2 THEN
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

-- Reserves a contact for another system. Repeating it with the same id answers the same.
CREATE FUNCTION reserve_contact(
    the_contact text, persons text[], of_policy text, the_channel smallint, the_offer integer,
    now_us_ bigint, until_us bigint, limits integer[], windows_us bigint[],
    the_notice bytea, contact_subject text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    granted boolean;
BEGIN
    PERFORM lock_persons(persons);
    SELECT c.state <> 3 INTO granted FROM contacts c WHERE c.contact_id = the_contact;
    IF FOUND THEN
        RETURN granted;
    END IF;
    IF contacts_left(persons, of_policy, limits, windows_us, now_us_) <= 0 THEN
        RETURN false;
    END IF;
    INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, time_us,
        lapse_us)
    VALUES (the_contact, persons[1], of_policy, 1, the_channel, the_offer, now_us_, until_us);
    INSERT INTO outbox (subject, schema_number, data) VALUES (contact_subject, 1, the_notice);
    RETURN true;
END $$;

-- The set that a person belongs to, as far as profile told.
CREATE FUNCTION set_of(person text) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce(
        (SELECT person_ids FROM identities WHERE person_id = person ORDER BY version DESC LIMIT 1),
        ARRAY[person]);
END $$;

-- Deletes everything of these persons, or else of those whom the pseudonyms lead to; remembers whom,
-- so that what still arrives of them is not kept. Returns how many rows.
CREATE FUNCTION erase_persons(persons text[], keys bytea[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    whom   text[];
    made   text[];
    number bigint;
    total  bigint;
BEGIN
    IF cardinality(persons) = 0 THEN
        persons := ARRAY(SELECT unnest(person_ids) FROM identities
            WHERE identity_key = ANY(keys) AND version > 0 AND NOT ambiguous);
    END IF;
    whom := persons || ARRAY(SELECT waiting_person(each) FROM unnest(keys) AS each);
    PERFORM lock_persons(whom);
    INSERT INTO erased_persons (person_id) SELECT unnest(persons) ON CONFLICT DO NOTHING;
    WITH gone AS (
        DELETE FROM decisions WHERE person_id = ANY(whom) AND person_id <> ''
        RETURNING decision_id
    )
    SELECT array_agg(decision_id) INTO made FROM gone;
    total := coalesce(cardinality(made), 0);
    DELETE FROM traces WHERE decision_id = ANY(made);
    GET DIAGNOSTICS number = ROW_COUNT;
    total := total + number;
    DELETE FROM contacts WHERE person_id = ANY(whom);
    GET DIAGNOSTICS number = ROW_COUNT;
    total := total + number;
    DELETE FROM standing WHERE person_id = ANY(whom);
    GET DIAGNOSTICS number = ROW_COUNT;
    total := total + number;
    DELETE FROM declines WHERE person_id = ANY(whom);
    GET DIAGNOSTICS number = ROW_COUNT;
    total := total + number;
    DELETE FROM identities WHERE person_id = ANY(whom) OR identity_key = ANY(keys);
    GET DIAGNOSTICS number = ROW_COUNT;
    RETURN total + number;
END $$;
