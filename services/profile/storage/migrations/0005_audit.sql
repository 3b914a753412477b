-- Who read or changed whose record. Each entry is sealed over the one before it, under a key that
-- lies in no database; a person is named by a pseudonym, so that an erasure leaves the trail whole.
CREATE TABLE audit (
    position  bigint PRIMARY KEY,
    time_us   bigint NOT NULL,
    caller    text NOT NULL,
    rpc       text NOT NULL,
    action    text NOT NULL,
    pseudonym bytea NOT NULL,
    previous  bytea NOT NULL,
    seal      bytea NOT NULL
);
CREATE INDEX audit_by_pseudonym ON audit (pseudonym, position);

-- The last entry, so that none can be cut off behind it; its lock makes writers take turns.
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL,
    seal     bytea NOT NULL,
    mark     bytea NOT NULL
);
INSERT INTO audit_head (position, seal, mark) VALUES (0, '', '');

-- Against mistakes; against intent there are the seals.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever added to';
END
$$;
CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
