-- What was answered although rules did not confirm it in time: a serialised UnconfirmedAnswer, so that it
-- can be explained for as long as a trace. Nothing counts or sticks by it.
CREATE TABLE unconfirmed_answers (
    decision_id text PRIMARY KEY,
    person_ids  text[] NOT NULL,
    answered_us bigint NOT NULL,
    answer      bytea NOT NULL
);
CREATE INDEX unconfirmed_answers_answered ON unconfirmed_answers
    USING brin (answered_us) WITH (autosummarize = on);
CREATE INDEX unconfirmed_answers_persons ON unconfirmed_answers USING gin (person_ids);
ALTER TABLE unconfirmed_answers ALTER COLUMN answer SET STORAGE EXTERNAL;

-- As before, and what was answered without rules.
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
    DELETE FROM unconfirmed_answers WHERE person_ids && whom;
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
