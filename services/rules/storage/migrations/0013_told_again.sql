-- What profile told and its log tells again takes effect once, also where the bus lost it and the log
-- tells it late: answers to promises, and messages that were sent.

-- The event that ended a promise, as event/person/number; '?' where that is not
-- known.
ALTER TABLE promises ADD COLUMN answered_by text NOT NULL DEFAULT '?';
ALTER TABLE promises ALTER COLUMN answered_by SET DEFAULT '';

-- The event that told of a contact which was reserved under another id; empty: none did.
ALTER TABLE contacts ADD COLUMN confirmed_by text NOT NULL DEFAULT '';

-- Declines are read with the mailings now, from the beginning, as mailings that were imported are in no
-- ledger yet; live answers from where declines were, as the bus told the earlier ones.
INSERT INTO log_positions (log, position)
SELECT 'live', position FROM log_positions WHERE log = 'declines';
DELETE FROM log_positions WHERE log = 'declines';

-- Takes the place of its namesake with fewer arguments, which replicas of the version before still
-- call. What is new: event_names, of which each ends promises once, and received_us (0: not known):
-- what was made later than a redemption was received is not what was redeemed. A redemption that is
-- told when its promise has lapsed already, with its time, counts as spent all the same.
CREATE FUNCTION end_promises(
    persons text[], decisions text[], offers integer[], states smallint[], times_us bigint[],
    event_names text[], received_us bigint[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    standing     promises;
    theirs       bigint[];
    new_state    smallint;
    is_redeemed  boolean;
    total        integer := 0;
    moved_offers integer[] := '{}';
    moved_names  text[] := '{}';
    moved_held   bigint[] := '{}';
    moved_spent  bigint[] := '{}';
BEGIN
    FOR told IN 1 .. cardinality(offers) LOOP
        theirs := ARRAY(
            SELECT promise_no FROM promises
            WHERE person_id = ANY(set_of(persons[told])) AND person_id <> ''
                AND offer_no = offers[told]
            UNION ALL
            SELECT promise_no FROM promises
            WHERE decision_id = decisions[told] AND decisions[told] <> ''
                AND offer_no = offers[told]);
        -- Bus and log may tell of one event at once: whoever comes second sees what the first did.
        PERFORM FROM promises WHERE promise_no = ANY(theirs) ORDER BY promise_no FOR UPDATE;
        CONTINUE WHEN event_names[told] <> '' AND EXISTS (
            SELECT 1 FROM promises p
            WHERE p.promise_no = ANY(theirs) AND p.answered_by = event_names[told]);
        is_redeemed := false;
        FOR standing IN
            SELECT * FROM promises p
            WHERE p.promise_no = ANY(theirs)
                AND CASE states[told] WHEN 3 THEN
                    times_us[told] <= p.expires_us
                    AND (received_us[told] = 0 OR p.made_us <= received_us[told])
                    AND (p.state IN (1, 2)
                        -- Lapsed by itself, and after it was seen: then free_us is LATE_US later.
                        OR p.state = 5 AND p.answered_by = '' AND p.ended_us IS NULL
                            AND p.free_us = p.expires_us + 600000000
                            AND p.made_us <= times_us[told])
                ELSE
                    p.state IN (1, 2)
                    AND (p.made_us <= times_us[told]
                        OR p.decision_id = decisions[told] AND decisions[told] <> '')
                END
            ORDER BY p.state = 5, p.decision_id = decisions[told] DESC, p.state DESC, p.promise_no
            FOR UPDATE
        LOOP
            -- The last to come: what has lapsed is nobody's any more once another was redeemed.
            EXIT WHEN standing.state = 5 AND is_redeemed;
            new_state := CASE WHEN is_redeemed THEN 5 ELSE states[told] END;
            is_redeemed := states[told] = 3;
            UPDATE promises SET state = new_state, ended_us = times_us[told],
                answered_by = coalesce(nullif(event_names[told], ''), '?')
            WHERE promise_no = standing.promise_no;
            FOR place IN 1 .. cardinality(standing.accounts) LOOP
                moved_offers := array_append(moved_offers, offers[told]);
                moved_names := array_append(moved_names, standing.accounts[place]);
                moved_held := array_append(moved_held,
                    CASE standing.state WHEN 5 THEN 0 ELSE -standing.units END);
                moved_spent := array_append(moved_spent,
                    CASE new_state WHEN 3 THEN standing.units ELSE 0 END);
            END LOOP;
            total := total + 1;
        END LOOP;
    END LOOP;
    PERFORM move_budgets(moved_offers, moved_names, moved_held, moved_spent);
    RETURN total;
END $$;
