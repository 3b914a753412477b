-- When a promise was redeemed or turned down, so that what held at some moment can be told later; null
-- where it lapsed or still holds, and where it ended before this was noted.
ALTER TABLE promises ADD COLUMN ended_us bigint;

-- As before, and notes when.
CREATE OR REPLACE FUNCTION end_promises(
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
            UPDATE promises SET state = new_state, ended_us = times_us[told]
            WHERE promise_no = standing.promise_no;
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
