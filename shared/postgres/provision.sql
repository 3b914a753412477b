-- name: lock_provisioning
SELECT pg_advisory_xact_lock(hashtextextended('touchpoint/provision', 0))

-- name: role_exists
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)

-- name: word_create_role
SELECT format('CREATE ROLE %I LOGIN', $1::text)

-- name: word_grants
-- Statements for one service: its password, its schema, and what it may do with the clock.
SELECT concat_ws(
    '; ',
    format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', $1::text, $3::text),
    format('GRANT %I TO CURRENT_USER', $1),
    format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', $2::text, $1),
    format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', $1, current_database(), $2),
    format('GRANT USAGE ON SCHEMA clock TO %I', $1),
    format('GRANT SELECT ON clock.business_offset TO %I', $1),
    CASE $4::text
        WHEN 'GRANT' THEN format('GRANT EXECUTE ON FUNCTION clock.move(bigint) TO %I', $1)
        ELSE format('REVOKE EXECUTE ON FUNCTION clock.move(bigint) FROM %I', $1)
    END
)

-- name: make_clock
-- Business time is the server's time plus this one offset. It only grows, whoever writes it.
CREATE SCHEMA IF NOT EXISTS clock;
CREATE TABLE IF NOT EXISTS clock.business_offset (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    offset_us bigint NOT NULL CHECK (offset_us >= 0)
);
INSERT INTO clock.business_offset (offset_us) VALUES (0) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION clock.refuse_going_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.offset_us < OLD.offset_us THEN
        RAISE EXCEPTION 'business time does not go back';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER only_grows BEFORE UPDATE OR DELETE ON clock.business_offset
    FOR EACH ROW EXECUTE FUNCTION clock.refuse_going_back();

-- Runs with the rights of its owner, so that a service can move the clock and nothing else of it.
CREATE OR REPLACE FUNCTION clock.move(by_us bigint) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = clock AS
$$ UPDATE business_offset SET offset_us = offset_us + by_us RETURNING offset_us $$;
REVOKE ALL ON FUNCTION clock.move(bigint) FROM PUBLIC;
