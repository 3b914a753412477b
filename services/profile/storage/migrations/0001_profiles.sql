-- Who a person is, what they did, and what that adds up to.

-- The key under which a person's own values lie; deleting it erases them from every backup.
CREATE TABLE persons (
    person_id      uuid PRIMARY KEY,
    created_us     bigint NOT NULL,
    key_wrapped    bytea NOT NULL,
    name_encrypted bytea
);

-- Read with every decision, locked by every event. The set lies in the row that is locked, so that
-- whoever waited for the lock sees the set as it is now.
CREATE TABLE profiles (
    person_id           uuid PRIMARY KEY,
    group_id            uuid NOT NULL,
    version             bigint NOT NULL,
    seq                 bigint NOT NULL DEFAULT 0,
    freeing_seq         bigint NOT NULL DEFAULT 0,
    contribution_micros bigint,
    state               bytea NOT NULL DEFAULT ''
) WITH (
    -- Rows are rewritten in place all day long.
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0.05
);
-- Packed numbers do not get smaller, and trying costs more than the write.
ALTER TABLE profiles ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX profiles_by_group ON profiles (group_id);

-- Numbers of changes of sets; 1 is a set of one that never changed.
CREATE SEQUENCE set_versions START 2;

CREATE SEQUENCE identity_positions;

CREATE TABLE identities (
    identity_key    bytea PRIMARY KEY,
    kind            text NOT NULL,
    person_id       uuid NOT NULL,
    verified        boolean NOT NULL,
    shared          boolean NOT NULL DEFAULT false,
    value_encrypted bytea NOT NULL,
    first_seen_us   bigint NOT NULL,
    -- Taken anew when the identity's set changes: what is followed by position.
    position        bigint NOT NULL DEFAULT nextval('identity_positions')
);
CREATE INDEX identities_by_person ON identities (person_id);
CREATE INDEX identities_by_position ON identities (position);

-- Whom a shared identity fits.
CREATE TABLE shared_identities (
    identity_key bytea NOT NULL,
    person_id    uuid NOT NULL,
    PRIMARY KEY (identity_key, person_id)
);
CREATE INDEX shared_identities_by_person ON shared_identities (person_id);

-- A set is what standing links connect.
CREATE TABLE links (
    link_id         uuid PRIMARY KEY,
    person_id       uuid NOT NULL,
    other_person_id uuid NOT NULL,
    event_id        text NOT NULL,
    idempotency_key text,
    linked_us       bigint NOT NULL,
    undone_us       bigint
);
CREATE INDEX links_by_person ON links (person_id);
CREATE INDEX links_by_other_person ON links (other_person_id);
CREATE UNIQUE INDEX links_by_key ON links (idempotency_key);

-- The log. Positions are given before the commit, so they become visible out of order:
-- `stream_horizon` says up to where nothing is missing.
CREATE TABLE events (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id    uuid NOT NULL,
    seq          bigint NOT NULL,
    event_id     text NOT NULL,
    caller       text NOT NULL,
    received_us  bigint NOT NULL,
    time_us      bigint NOT NULL,
    type         text NOT NULL,
    channel      smallint NOT NULL,
    offer_no     bigint NOT NULL,
    family_no    bigint NOT NULL,
    category     text NOT NULL,
    brand        text NOT NULL,
    price_micros bigint NOT NULL,
    cost_micros  bigint NOT NULL,
    quantity     double precision NOT NULL,
    value_micros bigint NOT NULL,
    session_id   text NOT NULL,
    order_id     text NOT NULL,
    gift         boolean NOT NULL,
    duration_s   double precision NOT NULL,
    reassurance  boolean NOT NULL,
    details      text,
    decision_id  text NOT NULL,
    placement    text NOT NULL,
    private      bytea,
    -- Of an import; null for what was recorded as it happened.
    slice_id     bigint
);
CREATE INDEX events_by_person ON events (person_id);
CREATE INDEX events_by_time ON events USING brin (received_us);

-- De-duplication: 16 bytes each of a keyed hash, so that nothing can be read out of them.
CREATE TABLE event_ids (
    event_key   bytea PRIMARY KEY,
    digest      bytea NOT NULL,
    received_us bigint NOT NULL
);
CREATE INDEX event_ids_by_time ON event_ids USING brin (received_us);

-- What was imported, one row per slice that was committed.
CREATE TABLE import_slices (
    slice_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    import_id text NOT NULL,
    events    integer NOT NULL
);
CREATE INDEX import_slices_by_import ON import_slices (import_id);

-- Slices that a person's state does not hold yet.
CREATE TABLE pending_folds (
    import_id text NOT NULL,
    person_id uuid NOT NULL,
    slice_id  bigint NOT NULL,
    events    integer NOT NULL,
    PRIMARY KEY (import_id, person_id, slice_id)
);

-- Imports that ended, so that repeating the end announces nothing twice.
CREATE TABLE finished_imports (
    import_id   text PRIMARY KEY,
    finished_us bigint NOT NULL,
    persons     bigint NOT NULL
);

-- Persons whose rows of the log are still being deleted.
CREATE TABLE erasures (
    person_id  uuid PRIMARY KEY,
    erased_us  bigint NOT NULL
);

-- The contributions from which a person is of a tier; one row.
CREATE TABLE value_tiers (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    top_micros    bigint NOT NULL,
    high_micros   bigint NOT NULL,
    medium_micros bigint NOT NULL,
    computed_us   bigint NOT NULL
);

-- When each wrapping key came into use.
CREATE TABLE key_renewals (
    renewal  integer PRIMARY KEY,
    begun_us bigint NOT NULL
);
