-- Tables of a day each, by id: a UUIDv7 begins with its moment (RFC 9562, 5.7), so that a day of
-- decisions is a range of ids, an id leads to its day, and what is old goes at once.
CREATE FUNCTION first_id_of(day date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((day - DATE '1970-01-01')::bigint * 86400000), 12, '0') || repeat('0', 20))::uuid
$$;

-- Makes a day's table of `parent`, and moves there what came before it was made. Nothing where there
-- is one already, or a larger one holds that day.
CREATE FUNCTION make_day(parent text, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text := parent || to_char(day, '"_"YYYYMMDD');
    bounds text := format('decision_id >= %L AND decision_id < %L', first_id_of(day), first_id_of(day + 1));
BEGIN
    IF to_regclass(quote_ident(part)) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || '.' || part, 0));
    IF to_regclass(quote_ident(part)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %s RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_rest', bounds, part);
    EXECUTE format(
        'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, part, first_id_of(day), first_id_of(day + 1));
EXCEPTION
    WHEN invalid_object_definition THEN
        NULL;
END
$$;

-- Drops the days of `parent` that ended by then, and deletes what else is as old; returns how many
-- rows there were.
CREATE FUNCTION forget_days(parent text, before_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
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
            EXECUTE format('DELETE FROM %I WHERE time_us < $1', part) USING before_us;
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

-- What the ranker was given of a decision and what it answered, so that it can be ranked again.
CREATE TABLE rankings (
    decision_id uuid PRIMARY KEY,
    person_ids uuid[] NOT NULL,
    time_us bigint NOT NULL,
    ranked bytea NOT NULL
) PARTITION BY RANGE (decision_id);
CREATE INDEX rankings_by_time ON rankings (time_us);
CREATE INDEX rankings_by_person ON rankings USING gin (person_ids);
DO $$
BEGIN
    ALTER TABLE rankings ALTER COLUMN ranked SET COMPRESSION lz4;
EXCEPTION
    WHEN feature_not_supported THEN
        NULL;  -- a PostgreSQL built without it: pglz, which takes longer
END
$$;
CREATE TABLE rankings_rest PARTITION OF rankings DEFAULT;
