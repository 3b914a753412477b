-- Whose a contact is: the caller of the edge that reserved it; '': nobody of them, or who may do everything;
-- NULL: not known, so the first that asks for it again has it.
ALTER TABLE contacts ALTER COLUMN reserved_by DROP NOT NULL;

-- What other systems reserved before it was noted by whom; the rest was made by decisions and events.
UPDATE contacts SET reserved_by = NULL
WHERE reserved_by = '' AND decision_id = '' AND NOT starts_with(contact_id, 'event/');

-- Takes the place of its namesake with fewer arguments. What is new: a contact is its caller's, NULL where
-- that is not known, and it is found out under a lock on its id whether it is somebody else's: two callers
-- may ask for one id at once, for different persons. Returns 0 not granted, 1 granted, 2 somebody else's.
CREATE FUNCTION reserve_contact(
    the_contact text, persons text[], of_policy text, the_channel smallint, the_offer integer,
    the_kind smallint, the_group text, is_closed boolean, now_us_ bigint, until_us bigint,
    policies text[], limits integer[], since_us bigint[], sessions text[],
    decided_bits integer[], other_bits integer[], offers integer[], groups text[],
    kind_bits integer[], are_of_offers boolean[], the_notice bytea, contact_subject text,
    the_caller text
) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    PERFORM lock_persons(persons);
    IF EXISTS (SELECT 1 FROM erased_persons e WHERE e.person_id = ANY(persons)) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(the_contact, 7404));
    SELECT c.state, c.lapse_us, c.reserved_by INTO known
    FROM contacts c WHERE c.contact_id = the_contact;
    IF FOUND AND the_caller <> '' AND known.reserved_by <> the_caller THEN
        RETURN 2;
    END IF;
    IF FOUND AND known.state <> 1 THEN
        RETURN CASE known.state WHEN 2 THEN 1 ELSE 0 END;
    END IF;
    IF FOUND AND known.lapse_us > now_us_ THEN
        UPDATE contacts SET lapse_us = greatest(lapse_us, until_us),
            reserved_by = coalesce(reserved_by, the_caller)
        WHERE contact_id = the_contact;
        RETURN 1;
    END IF;
    IF is_closed OR 0 >= ANY(counters_left(persons, policies, limits, since_us, sessions,
        decided_bits, other_bits, offers, groups, kind_bits, are_of_offers, now_us_))
    THEN
        RETURN 0;
    END IF;
    INSERT INTO contacts (contact_id, person_id, policy, state, channel, offer_no, time_us,
        lapse_us, offer_kind, offer_group, reserved_by)
    VALUES (the_contact, persons[1], of_policy, 1, the_channel, the_offer, now_us_, until_us,
        the_kind, the_group, the_caller)
    ON CONFLICT (contact_id) DO UPDATE SET person_id = excluded.person_id, state = 1,
        policy = excluded.policy, channel = excluded.channel, offer_no = excluded.offer_no,
        offer_kind = excluded.offer_kind, offer_group = excluded.offer_group,
        time_us = excluded.time_us, lapse_us = excluded.lapse_us,
        reserved_by = excluded.reserved_by,
        position = nextval('contact_positions'), change_xid = pg_current_xact_id();
    INSERT INTO outbox (subject, schema_number, data) VALUES (contact_subject, 1, the_notice);
    RETURN 1;
END $$;

-- What replicas of the version before still call: they tell of no caller.
CREATE OR REPLACE FUNCTION reserve_contact(
    the_contact text, persons text[], of_policy text, the_channel smallint, the_offer integer,
    the_kind smallint, the_group text, is_closed boolean, now_us_ bigint, until_us bigint,
    policies text[], limits integer[], since_us bigint[], sessions text[],
    decided_bits integer[], other_bits integer[], offers integer[], groups text[],
    kind_bits integer[], are_of_offers boolean[], the_notice bytea, contact_subject text
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN reserve_contact(the_contact, persons, of_policy, the_channel, the_offer, the_kind,
        the_group, is_closed, now_us_, until_us, policies, limits, since_us, sessions,
        decided_bits, other_bits, offers, groups, kind_bits, are_of_offers, the_notice,
        contact_subject, NULL) = 1;
END $$;
