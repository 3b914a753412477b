-- Decisions are about to be kept by day: all there are come before the day after tomorrow, which is
-- checked in the next migration without stopping those who write.
DO $$
DECLARE
    today date := greatest(
        (clock_timestamp() AT TIME ZONE 'UTC')::date,
        (SELECT DATE '1970-01-01' + (max(time_us) / 86400000000)::integer FROM decisions));
BEGIN
    EXECUTE format(
        'ALTER TABLE decisions ADD CONSTRAINT %I CHECK (decision_id < %L) NOT VALID',
        to_char(today + 2, '"before_"YYYYMMDD'), first_id_of(today + 2));
END
$$;
