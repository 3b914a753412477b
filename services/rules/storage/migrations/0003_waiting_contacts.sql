-- A contact may be asked for while profile is away, for somebody whom rules was never told of. It is
-- written under a person made of the pseudonym, known by version 0, until profile tells who it is.
CREATE INDEX identities_waiting ON identities (person_id) WHERE version = 0;

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
