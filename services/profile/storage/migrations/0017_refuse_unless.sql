-- Undoes the statement that calls it, and all of its transaction, when something no longer holds.
CREATE FUNCTION refuse_unless(holds boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT holds THEN
        RAISE serialization_failure USING MESSAGE = 'it has changed since it was read';
    END IF;
END
$$;
