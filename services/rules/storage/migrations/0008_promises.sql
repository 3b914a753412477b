-- Promises: a promotion presented to a person stays theirs until it expires; and budgets, which
-- promises take from as they are made. Rows stay under the person_id they were written with.

-- state: 1 reserved, to be seen until free_us; 2 made, holds until expires_us; 3 redeemed; 4 declined;
-- 5 lapsed. In states 1 and 2 it holds its units of the accounts of its budget.
CREATE TABLE promises (
    promise_no  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Empty: nobody was known.
    person_id   text NOT NULL,
    offer_no    integer NOT NULL,
    state       smallint NOT NULL CHECK (state IN (1, 2, 3, 4, 5)),
    decision_id text NOT NULL,
    made_us     bigint NOT NULL,
    expires_us  bigint NOT NULL,
    -- When it lapses and its units are given back: a little after expires_us once it was made.
    free_us     bigint NOT NULL,
    units       bigint NOT NULL,
    accounts    text[] NOT NULL
);
CREATE INDEX promises_person ON promises (person_id, offer_no) WHERE person_id <> '';
CREATE INDEX promises_decision ON promises (decision_id);
CREATE INDEX promises_free ON promises (free_us) WHERE state IN (1, 2);
CREATE INDEX promises_ended ON promises (free_us) WHERE state > 2;

-- What is taken of each budget: a count is the sum over its slots, in each of which a transaction may
-- write without waiting for the others. account: empty for the whole, a segment's name for its part, *
-- for what the parts leave. Half a page is left free for new versions of rows that change all the time.
CREATE TABLE budgets (
    offer_no integer NOT NULL,
    account  text NOT NULL,
    slot     smallint NOT NULL,
    held     bigint NOT NULL,
    spent    bigint NOT NULL,
    PRIMARY KEY (offer_no, account, slot)
) WITH (fillfactor = 50);

-- Adds to the counts of an account, in a slot that nobody else is writing.
CREATE FUNCTION add_to_account(
    the_offer integer, the_account text, held_more bigint, spent_more bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    free_slot smallint;
BEGIN
    SELECT slot INTO free_slot FROM budgets
    WHERE offer_no = the_offer AND account = the_account
    LIMIT 1
    FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE budgets SET held = held + held_more, spent = spent + spent_more
        WHERE offer_no = the_offer AND account = the_account AND slot = free_slot;
        RETURN;
    END IF;
    INSERT INTO budgets AS known (offer_no, account, slot, held, spent)
    VALUES (the_offer, the_account, pg_backend_pid() % 32, held_more, spent_more)
    ON CONFLICT (offer_no, account, slot) DO UPDATE
    SET held = known.held + held_more, spent = known.spent + spent_more;
END $$;

-- Gives back what is held of accounts, or moves it to what is spent; columns of equal length.
CREATE FUNCTION move_budgets(
    offers integer[], account_names text[], held_more bigint[], spent_more bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_to_account(m.offer, m.account, sum(m.held)::bigint, sum(m.spent)::bigint)
    FROM unnest(offers, account_names, held_more, spent_more) AS m (offer, account, held, spent)
    GROUP BY m.offer, m.account
    ORDER BY m.offer, m.account;
END $$;

-- Takes units of one account if there is room, to the last unit and no further.
--
-- One row that all add to would make each wait until the one before has committed. So where there is
-- room for everybody who could be asking at this moment (each connection takes once), they only
-- share a lock and do not wait. Who comes closer to the end takes the lock alone: it waits for those,
-- and counts in a later statement, which sees what they took. What is given back needs no lock.
CREATE FUNCTION take_of_account(
    the_offer integer, the_account text, the_units bigint, at_most bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    lock_key bigint := hashtextextended(the_offer || '/' || the_account, 7413);
    for_all  bigint := the_units * current_setting('max_connections')::bigint;
    taken    bigint;
BEGIN
    SELECT coalesce(sum(held + spent), 0) INTO taken FROM budgets
    WHERE offer_no = the_offer AND account = the_account;
    IF taken + the_units > at_most THEN
        RETURN false;
    END IF;
    IF taken + 2 * for_all <= at_most AND pg_try_advisory_xact_lock_shared(lock_key) THEN
        -- What was left is twice of what is asked here: who finds it gone between the two statements
        -- does without, as a shared lock that became a lock of its own could wait in a circle.
        at_most := at_most - for_all + the_units;
    ELSE
        PERFORM pg_advisory_xact_lock(lock_key);
    END IF;
    SELECT coalesce(sum(held + spent), 0) INTO taken FROM budgets
    WHERE offer_no = the_offer AND account = the_account;
    IF taken + the_units > at_most THEN
        RETURN false;
    END IF;
    PERFORM add_to_account(the_offer, the_account, the_units, 0);
    RETURN true;
END $$;

-- Takes units of the first account, and of the first of the others that has room; returns those it
-- took of, null when there is no room.
CREATE FUNCTION take_of_budget(
    the_offer integer, the_units bigint, names text[], mosts bigint[]
) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(names) = 0 THEN
        RETURN names;
    END IF;
    IF NOT take_of_account(the_offer, names[1], the_units, mosts[1]) THEN
        RETURN NULL;
    END IF;
    IF cardinality(names) = 1 THEN
        RETURN names;
    END IF;
    FOR place IN 2 .. cardinality(names) LOOP
        IF take_of_account(the_offer, names[place], the_units, mosts[place]) THEN
            RETURN ARRAY[names[1], names[place]];
        END IF;
    END LOOP;
    PERFORM add_to_account(the_offer, names[1], -the_units, 0);
    RETURN NULL;
END $$;

-- The offers among these that are promised to somebody of the set.
CREATE FUNCTION promised_to(persons text[], offers integer[], now_us_ bigint) RETURNS integer[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT offer_no FROM promises
        WHERE person_id = ANY(persons) AND person_id <> '' AND offer_no = ANY(offers)
            AND state = 2 AND expires_us > now_us_);
END $$;

-- The promise of an offer that stands for anybody of the set, else for this decision, locked; null
-- when there is none.
CREATE FUNCTION standing_promise(
    the_decision text, persons text[], the_offer integer, now_us_ bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found_no bigint;
BEGIN
    IF cardinality(persons) > 0 THEN
        SELECT promise_no INTO found_no FROM promises
        WHERE person_id = ANY(persons) AND person_id <> '' AND offer_no = the_offer
            AND (state = 1 OR state = 2 AND expires_us > now_us_)
        ORDER BY state DESC, expires_us DESC, promise_no
        LIMIT 1
        FOR UPDATE;
    ELSE
        SELECT promise_no INTO found_no FROM promises
        WHERE decision_id = the_decision AND offer_no = the_offer
            AND (state = 1 OR state = 2 AND expires_us > now_us_)
        LIMIT 1
        FOR UPDATE;
    END IF;
    RETURN found_no;
END $$;

-- Makes the promises of a decision, or says which of them there is no budget for and then makes none.
-- One that stands is kept: where it is reserved it is reserved longer, or made. The columns
-- promise_… and account_… are of equal length each; firsts and lasts say which accounts a promise
-- takes of. They come by ascending offer: promises are locked first and accounts after them, each in
-- the same order by all, so that nobody waits in a circle.
CREATE FUNCTION make_promises(
    the_decision text, persons text[], written_under text, now_us_ bigint, lapse_us_ bigint,
    promise_offers integer[], promise_states smallint[], promise_ends bigint[],
    promise_units bigint[], firsts integer[], lasts integer[],
    account_names text[], account_mosts bigint[], late_us bigint
) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    standing bigint[];
    unmade   integer[];
    made     bigint[];
    taken    text[];
    made_no  bigint;
    undone   record;
BEGIN
    FOR place IN 1 .. cardinality(promise_offers) LOOP
        standing[place] :=
            standing_promise(the_decision, persons, promise_offers[place], now_us_);
    END LOOP;
    FOR place IN 1 .. cardinality(promise_offers) LOOP
        IF standing[place] IS NOT NULL THEN
            UPDATE promises SET state = promise_states[place], free_us = CASE promise_states[place]
                WHEN 2 THEN expires_us + late_us ELSE now_us_ + lapse_us_ END
            WHERE promise_no = standing[place] AND state = 1;
            CONTINUE;
        END IF;
        taken := NULL;
        IF promise_ends[place] > now_us_ THEN
            taken := take_of_budget(promise_offers[place], promise_units[place],
                account_names[firsts[place] : lasts[place]],
                account_mosts[firsts[place] : lasts[place]]);
        END IF;
        IF taken IS NULL THEN
            unmade := array_append(unmade, place);
            CONTINUE;
        END IF;
        INSERT INTO promises (person_id, offer_no, state, decision_id, made_us, expires_us,
            free_us, units, accounts)
        VALUES (written_under, promise_offers[place], promise_states[place], the_decision,
            now_us_, promise_ends[place],
            CASE promise_states[place] WHEN 2 THEN promise_ends[place] + late_us
                ELSE now_us_ + lapse_us_ END,
            promise_units[place], taken)
        RETURNING promise_no INTO made_no;
        made := array_append(made, made_no);
    END LOOP;
    IF unmade IS NOT NULL AND made IS NOT NULL THEN
        FOR undone IN
            DELETE FROM promises p WHERE p.promise_no = ANY(made)
            RETURNING p.offer_no, p.units, p.accounts
        LOOP
            PERFORM add_to_account(undone.offer_no, each.account, -undone.units, 0)
            FROM unnest(undone.accounts) AS each (account);
        END LOOP;
    END IF;
    RETURN unmade;
END $$;

-- Ends promises as answers tell, in their order; columns of equal length. states: 3 redeemed, 4
-- declined. A redemption counts that happened while the promise held, a decline that came after it or
-- answers its decision. What else of the offer was promised to the set lapses. Returns how many ended.
CREATE FUNCTION end_promises(
    persons text[], decisions text[], offers integer[], states smallint[], times_us bigint[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    standing     promises;
    of_set       text[];
    new_state    smallint;
    is_redeemed  boolean;
    total        integer := 0;
    moved_offers integer[] := '{}';
    moved_names  text[] := '{}';
    moved_held   bigint[] := '{}';
    moved_spent  bigint[] := '{}';
BEGIN
    FOR told IN 1 .. cardinality(offers) LOOP
        of_set := set_of(persons[told]);
        is_redeemed := false;
        FOR standing IN
            SELECT * FROM promises p
            WHERE p.promise_no = ANY(ARRAY(
                    SELECT promise_no FROM promises
                    WHERE person_id = ANY(of_set) AND person_id <> '' AND offer_no = offers[told]
                    UNION ALL
                    SELECT promise_no FROM promises
                    WHERE decision_id = decisions[told] AND decisions[told] <> ''
                        AND offer_no = offers[told]))
                AND p.state IN (1, 2)
                AND CASE states[told] WHEN 3 THEN times_us[told] <= p.expires_us
                    ELSE p.made_us <= times_us[told]
                        OR p.decision_id = decisions[told] AND decisions[told] <> '' END
            ORDER BY p.decision_id = decisions[told] DESC, p.state DESC, p.promise_no
            FOR UPDATE
        LOOP
            new_state := CASE WHEN is_redeemed THEN 5 ELSE states[told] END;
            is_redeemed := states[told] = 3;
            UPDATE promises SET state = new_state WHERE promise_no = standing.promise_no;
            FOR place IN 1 .. cardinality(standing.accounts) LOOP
                moved_offers := array_append(moved_offers, offers[told]);
                moved_names := array_append(moved_names, standing.accounts[place]);
                moved_held := array_append(moved_held, -standing.units);
                moved_spent := array_append(moved_spent,
                    CASE new_state WHEN 3 THEN standing.units ELSE 0 END);
            END LOOP;
            total := total + 1;
        END LOOP;
    END LOOP;
    PERFORM move_budgets(moved_offers, moved_names, moved_held, moved_spent);
    RETURN total;
END $$;

-- Lets promises lapse whose time ran out, and gives back what they held. Returns how many.
CREATE FUNCTION lapse_promises(now_us_ bigint, at_most integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    lapsed       bigint[];
BEGIN
    lapsed := ARRAY(
        SELECT promise_no FROM promises WHERE state IN (1, 2) AND free_us <= now_us_
        ORDER BY free_us
        LIMIT at_most
        FOR UPDATE SKIP LOCKED);
    UPDATE promises SET state = 5 WHERE promise_no = ANY(lapsed);
    PERFORM move_budgets(array_agg(p.offer_no), array_agg(a.account), array_agg(-p.units),
        array_agg(0::bigint))
    FROM promises p, unnest(p.accounts) AS a (account)
    WHERE p.promise_no = ANY(lapsed);
    RETURN cardinality(lapsed);
END $$;

-- Deletes the promises of these persons, or else of those whom the pseudonyms lead to, and gives back
-- what they held; what was spent stays spent. Returns how many rows.
CREATE FUNCTION erase_promises(persons text[], keys bytea[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    IF cardinality(persons) = 0 THEN
        persons := ARRAY(SELECT unnest(person_ids) FROM identities
            WHERE identity_key = ANY(keys) AND version > 0 AND NOT ambiguous);
    END IF;
    PERFORM lock_persons(persons);
    PERFORM promise_no FROM promises WHERE person_id = ANY(persons) AND person_id <> ''
    ORDER BY offer_no, promise_no FOR UPDATE;
    PERFORM move_budgets(array_agg(p.offer_no), array_agg(a.account), array_agg(-p.units),
        array_agg(0::bigint))
    FROM promises p, unnest(p.accounts) AS a (account)
    WHERE p.person_id = ANY(persons) AND p.person_id <> '' AND p.state IN (1, 2);
    DELETE FROM promises WHERE person_id = ANY(persons) AND person_id <> '';
    GET DIAGNOSTICS number = ROW_COUNT;
    RETURN number;
END $$;

-- Takes the place of its namesake with fewer arguments, which replicas of the version before still
-- call. What is new: a decision makes promises. What it promises and there is no budget for is in
-- unpromised, then nothing is written and outcome is 2. A contact with what is theirs already is never
-- one too many, and counts all the same.
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
    -- What it promises: see make_promises. states: 1 reserve, 2 make.
    promise_offers integer[], promise_states smallint[], promise_ends bigint[],
    promise_units bigint[], promise_firsts integer[], promise_lasts integer[],
    account_names text[], account_mosts bigint[], late_us bigint,
    OUT outcome smallint, OUT refused integer[], OUT answered bytea, OUT unpromised integer[]
)
LANGUAGE plpgsql AS $$
DECLARE
    written_under text := coalesce(persons[1], '');
    person_place  integer := 1;
    stored        record;
    weighed       record;
    is_repeat     boolean;
    promised      integer[];
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
        AND (cardinality(contact_offers) = 0 AND cardinality(promise_offers) = 0
            OR stored.decided_us > now_us_ - lapse_us_)
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
        refused := weighed.refused;
        IF refused IS NOT NULL AND cardinality(promise_offers) > 0 THEN
            promised := promised_to(persons, contact_offers, now_us_);
            SELECT array_agg(r.place) INTO refused FROM unnest(weighed.refused) AS r (place)
            WHERE NOT contact_offers[r.place] = ANY(promised);
        END IF;
    END IF;
    IF refused IS NULL AND cardinality(promise_offers) > 0 THEN
        unpromised := make_promises(the_decision, persons, written_under, now_us_, lapse_us_,
            promise_offers, promise_states, promise_ends, promise_units, promise_firsts,
            promise_lasts, account_names, account_mosts, late_us);
    END IF;
    IF refused IS NOT NULL OR unpromised IS NOT NULL THEN
        outcome := 2;
        RETURN;
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
