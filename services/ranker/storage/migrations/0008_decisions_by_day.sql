-- What there is of decisions becomes the first part of a table by day, where it ages as before.
-- Replicas of the version before go on: for them the table is the same.
CREATE TEMPORARY TABLE odd (LIKE decisions) ON COMMIT DROP;
DO $$
DECLARE
    bound_name text := (
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'decisions'::regclass AND conname LIKE 'before\_%');
    bound uuid := first_id_of(to_date(right(bound_name, 8), 'YYYYMMDD'));
BEGIN
    WITH odd_ones AS (DELETE FROM decisions WHERE decision_id >= bound RETURNING *)
    INSERT INTO odd SELECT * FROM odd_ones;
    EXECUTE format('ALTER TABLE decisions VALIDATE CONSTRAINT %I', bound_name);
    ALTER TABLE decisions RENAME TO decisions_before;
    ALTER INDEX decisions_pkey RENAME TO decisions_before_pkey;
    ALTER INDEX decisions_by_time RENAME TO decisions_before_by_time;
    ALTER INDEX decisions_by_person RENAME TO decisions_before_by_person;
    CREATE TABLE decisions (
        decision_id uuid PRIMARY KEY,
        person_ids uuid[] NOT NULL,
        time_us bigint NOT NULL,
        notice bytea NOT NULL
    ) PARTITION BY RANGE (decision_id);
    CREATE INDEX decisions_by_time ON decisions (time_us);
    CREATE INDEX decisions_by_person ON decisions USING gin (person_ids);
    EXECUTE format(
        'ALTER TABLE decisions ATTACH PARTITION decisions_before FOR VALUES FROM (MINVALUE) TO (%L)',
        bound);
    CREATE TABLE decisions_rest PARTITION OF decisions DEFAULT;
    INSERT INTO decisions SELECT * FROM odd;
END
$$;
