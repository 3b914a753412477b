-- Keeps somebody never seen before in one round trip: the first decision for every new visitor
-- waits for it. False, and nothing written, when the first identity is known by now. Of the other
-- identities those that are known stay with whom they are; nothing is said about them.
CREATE FUNCTION keep_person(
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
            (identity_key, kind, person_id, verified, value_encrypted, first_seen_us)
        VALUES (keys[place], kinds[place], new_person_id, false, values_encrypted[place], seen_us)
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
