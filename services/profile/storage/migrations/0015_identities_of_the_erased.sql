-- An identity that leads to somebody anew remembers when the one before was erased: read with it by
-- every event, so it lies in its row. 0: never.
ALTER TABLE identities ADD COLUMN erased_us bigint NOT NULL DEFAULT 0;
UPDATE identities SET erased_us = gone.erased_us
FROM erased_identities AS gone WHERE gone.identity_key = identities.identity_key;

CREATE FUNCTION erased_before(of_identity bytea) RETURNS bigint LANGUAGE sql STABLE
RETURN coalesce((SELECT erased_us FROM erased_identities WHERE identity_key = of_identity), 0);

-- As before, with that moment.
CREATE OR REPLACE FUNCTION keep_person(
    new_person_id uuid, new_key_wrapped bytea, seen_us bigint, keys bytea[], kinds text[],
    values_encrypted bytea[], message_ids uuid[], subject text, schema_number smallint,
    notices bytea[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    made boolean;
BEGIN
    -- See `enter_writers`.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '/positions', 0));
    FOR place IN 1 .. cardinality(keys) LOOP
        INSERT INTO identities
            (identity_key, kind, person_id, verified, value_encrypted, first_seen_us, erased_us)
        VALUES (keys[place], kinds[place], new_person_id, false, values_encrypted[place], seen_us,
            erased_before(keys[place]))
        ON CONFLICT DO NOTHING;
        made := FOUND;
        IF NOT made AND place = 1 THEN
            RETURN false;
        END IF;
        IF made THEN
            INSERT INTO outbox (message_id, subject, schema_number, data)
            VALUES (message_ids[place], keep_person.subject, keep_person.schema_number,
                    notices[place]);
        END IF;
    END LOOP;
    INSERT INTO persons (person_id, created_us, key_wrapped)
    VALUES (new_person_id, seen_us, new_key_wrapped);
    INSERT INTO profiles (person_id, group_id, version) VALUES (new_person_id, new_person_id, 1);
    RETURN true;
END
$$;
