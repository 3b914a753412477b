-- Times ending in _us are business time, microseconds since 1970 UTC; _time is machine time.
-- Rows stay under the person_id they were written with; a merge is read as a set of persons.

-- Definitions, immutable, by content hash.
CREATE TABLE bundles (
    bundle_hash text PRIMARY KEY,
    bundle      bytea NOT NULL,
    stored_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row: which bundle is active, which was before, which is being prepared.
CREATE TABLE active_bundle (
    one            boolean PRIMARY KEY DEFAULT true CHECK (one),
    bundle_hash    text REFERENCES bundles,
    previous_hash  text REFERENCES bundles,
    preparing_hash text REFERENCES bundles
);
INSERT INTO active_bundle DEFAULT VALUES;

-- Who asks for bundles: a replica is alive while it was seen lately.
CREATE TABLE replicas (
    service   text NOT NULL,
    replica   text NOT NULL,
    seen_time timestamptz NOT NULL,
    PRIMARY KEY (service, replica)
);

CREATE TABLE acknowledgements (
    bundle_hash text NOT NULL REFERENCES bundles,
    service     text NOT NULL,
    replica     text NOT NULL,
    failure     text NOT NULL,
    PRIMARY KEY (bundle_hash, service, replica)
);

-- Where a pseudonym leads, as profile told: for when profile does not answer. Version 0: nobody was
-- told of yet, and contacts wait under a person made of the pseudonym.
CREATE TABLE identities (
    identity_key bytea PRIMARY KEY,
    person_id    text NOT NULL,
    person_ids   text[] NOT NULL,
    version      bigint NOT NULL,
    ambiguous    boolean NOT NULL
);
CREATE INDEX identities_person ON identities (person_id);
CREATE INDEX identities_waiting ON identities (person_id) WHERE version = 0;

-- What was turned down, as profile told; the latest per offer.
CREATE TABLE declines (
    person_id text NOT NULL,
    offer_no  integer NOT NULL,
    family_no integer NOT NULL,
    time_us   bigint NOT NULL,
    PRIMARY KEY (person_id, offer_no)
);
CREATE INDEX declines_time ON declines USING brin (time_us);

-- Persons that were erased: what still arrives of them is not kept.
CREATE TABLE erased_persons (
    person_id   text PRIMARY KEY,
    erased_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far the owner's logs were read before the bus took over.
CREATE TABLE log_positions (
    log      text PRIMARY KEY,
    position bigint NOT NULL
);

-- The contact ledger. state: 1 reserved, counts until lapse_us; 2 confirmed; 3 released.
CREATE SEQUENCE contact_positions;
CREATE TABLE contacts (
    contact_id  text PRIMARY KEY,
    person_id   text NOT NULL,
    policy      text NOT NULL,
    state       smallint NOT NULL CHECK (state IN (1, 2, 3)),
    channel     smallint NOT NULL,
    offer_no    integer NOT NULL,
    placement   text NOT NULL DEFAULT '',
    session_id  text NOT NULL DEFAULT '',
    decision_id text NOT NULL DEFAULT '',
    time_us     bigint NOT NULL,
    lapse_us    bigint NOT NULL,
    -- Each change takes the next position, so that a reader of the log sees it.
    position    bigint NOT NULL DEFAULT nextval('contact_positions'),
    change_xid  xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX contacts_person ON contacts (person_id, time_us);
CREATE INDEX contacts_decision ON contacts (decision_id) WHERE decision_id <> '';
CREATE INDEX contacts_position ON contacts (position);
CREATE INDEX contacts_time ON contacts USING brin (time_us);

-- One decision: who, when, and what was shown in the end (a serialised CommitResponse).
CREATE TABLE decisions (
    decision_id text PRIMARY KEY,
    person_id   text NOT NULL,
    person_ids  text[] NOT NULL,
    decided_us  bigint NOT NULL,
    channel     smallint NOT NULL,
    -- What it was asked to show; a repeat that asks the same is answered the same.
    asked       bytea NOT NULL,
    answer      bytea NOT NULL,
    -- The DecisionNotice that went out.
    notice      bytea NOT NULL,
    position    bigint GENERATED ALWAYS AS IDENTITY,
    change_xid  xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX decisions_person ON decisions (person_id, decided_us DESC) WHERE person_id <> '';
CREATE INDEX decisions_position ON decisions (position);
CREATE INDEX decisions_decided ON decisions USING brin (decided_us);

-- The trace of a decision: kept shorter than its head.
CREATE TABLE traces (
    decision_id text PRIMARY KEY,
    decided_us  bigint NOT NULL,
    trace       bytea NOT NULL
);
CREATE INDEX traces_decided ON traces USING brin (decided_us);
-- Numbers in columns hardly shrink: to try costs more than the page that it might save.
ALTER TABLE traces ALTER COLUMN trace SET STORAGE EXTERNAL;
ALTER TABLE traces SET (toast_tuple_target = 8160);

-- What sticks: the ranked order per person, placement and digest of the context.
CREATE TABLE standing (
    person_id   text NOT NULL,
    digest      bytea NOT NULL,
    placement   text NOT NULL,
    ask_limit   integer NOT NULL,
    decision_id text NOT NULL,
    offer_nos   integer[] NOT NULL,
    -- Where each came from.
    sources     smallint[] NOT NULL,
    token       bigint NOT NULL,
    bundle_hash text NOT NULL,
    made_us     bigint NOT NULL,
    until_us    bigint NOT NULL,
    PRIMARY KEY (person_id, digest, placement)
);
CREATE INDEX standing_until ON standing USING brin (until_us);
