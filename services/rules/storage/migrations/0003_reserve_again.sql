-- A reservation asked for again is held longer, one that had lapsed is asked for anew, and nobody who
-- was erased is approached.
CREATE OR REPLACE FUNCTION reserve_contact(
    the_contact text, persons text[], of_policy text, the_channel smallint, the_offer integer,
    now_us_ bigint, until_us bigint, limits integer[], windows_us bigint[],
    the_notice bytea, contact_subject text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    PERFORM lock_persons(persons);
    IF EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = ANY(persons)) THEN
        RETURN false;
    END IF;
    SELECT c.state, c.lapse_us INTO known FROM contacts c WHERE c.contact_id = the_contact;
    IF FOUND AND known.state <> 1 THEN
        RETURN known.state = 2;
    END IF;
    IF FOUND AND known.lapse_us > now_us_ THEN
        UPDATE contacts SET lapse_us = greatest(lapse_us, until_us) WHERE contact_id = the_contact;
        RETURN true;
    END IF;
    IF contacts_left(persons, of_policy, limits, windows_us, now_us_) <= 0 THEN
        RETURN false;
    END IF;
    INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, time_us,
        lapse_us)
    VALUES (the_contact, persons[1], of_policy, 1, the_channel, the_offer, now_us_, until_us)
    ON CONFLICT (contact_id) DO UPDATE SET person_id = excluded.person_id, state = 1,
        time_us = excluded.time_us, lapse_us = excluded.lapse_us,
        position = nextval('contact_positions'), change_xid = pg_current_xact_id();
    INSERT INTO outbox (subject, schema_number, data) VALUES (contact_subject, 1, the_notice);
    RETURN true;
END $$;
