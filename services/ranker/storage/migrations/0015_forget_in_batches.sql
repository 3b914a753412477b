-- Drops the days of `parent` that ended by then, and deletes some thousands of what else is as old,
-- so that it never takes long; returns how many rows there were, 0 when nothing is left to do.
CREATE OR REPLACE FUNCTION forget_days(parent text, before_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    part text;
    found bigint;
    forgotten bigint := 0;
BEGIN
    FOR part IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = to_regclass(quote_ident(parent)) ORDER BY relname
    LOOP
        found := 0;
        IF part !~ '_\d{8}$' THEN
            EXECUTE format(
                'DELETE FROM %1$I WHERE ctid = ANY (ARRAY('
                'SELECT ctid FROM %1$I WHERE time_us < $1 LIMIT 5000))', part) USING before_us;
            GET DIAGNOSTICS found = ROW_COUNT;
        ELSIF (to_date(right(part, 8), 'YYYYMMDD') + 1 - DATE '1970-01-01') * 86400000000 <= before_us THEN
            EXECUTE format('SELECT count(*) FROM %I', part) INTO found;
            EXECUTE format('DROP TABLE %I', part);
        END IF;
        forgotten := forgotten + found;
    END LOOP;
    RETURN forgotten;
END
$$;
