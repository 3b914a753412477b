-- Who is in which segment, as far as it was told; one row each, also for those who left lately. Each
-- person has rows of their own, those of a set being alike: so a merge and its end are changes like
-- any other.
CREATE SEQUENCE membership_positions;
CREATE TABLE memberships (
    person_id  uuid NOT NULL,
    segment    text NOT NULL,
    is_member  boolean NOT NULL,
    changed_us bigint NOT NULL,
    -- Taken anew with each change: what is followed by position.
    position   bigint NOT NULL DEFAULT nextval('membership_positions'),
    PRIMARY KEY (person_id, segment)
);
CREATE INDEX memberships_by_position ON memberships (position);

-- How far whoever looks for changes has come.
CREATE TABLE membership_progress (
    only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    event_position    bigint NOT NULL DEFAULT 0,
    identity_position bigint NOT NULL DEFAULT 0,
    -- A look at everybody: by which definitions, since when, and the last set looked at; null: it is
    -- over, or never began.
    swept_by          text NOT NULL DEFAULT '',
    swept_us          bigint NOT NULL DEFAULT 0,
    swept_to          uuid,
    cause             smallint NOT NULL DEFAULT 0
);
INSERT INTO membership_progress DEFAULT VALUES;
