-- What a sample of the decisions was decided by, so that they can be decided again by other definitions:
-- a serialised RecordedDecision. Few beside all decisions, read in the order in which they were made.
CREATE TABLE recorded_decisions (
    decision_id text PRIMARY KEY,
    person_id   text NOT NULL,
    person_ids  text[] NOT NULL,
    decided_us  bigint NOT NULL,
    recorded    bytea NOT NULL
);
CREATE INDEX recorded_decisions_decided ON recorded_decisions (decided_us, decision_id);
CREATE INDEX recorded_decisions_person ON recorded_decisions (person_id) WHERE person_id <> '';
-- What is recorded tells of everybody in the set: it goes with any one of them.
CREATE INDEX recorded_decisions_persons ON recorded_decisions USING gin (person_ids);

-- As before, and what was recorded.
CREATE OR REPLACE FUNCTION erase_persons(persons text[], keys bytea[]) RETURNS bigint
LANGUAGE plpgsql AS $$
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
    DELETE FROM recorded_decisions WHERE person_ids && whom;
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
