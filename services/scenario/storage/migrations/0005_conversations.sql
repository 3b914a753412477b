-- Stages that lead to any other, several effects of one stage, and what is done for journeys outside.
ALTER TABLE journeys
    ADD COLUMN next_stage      smallint NOT NULL DEFAULT -2,  -- -2: none, -3: whatever comes after
    ADD COLUMN other_offer_nos bigint[] NOT NULL DEFAULT '{}',  -- proposed beside offer_no
    ADD COLUMN began           text NOT NULL DEFAULT '',  -- what conditions read of its event, as JSON
    ADD COLUMN item_no         bigint NOT NULL DEFAULT 0,
    ADD COLUMN awaited_no      bigint NOT NULL DEFAULT 0,  -- item whose return its stage waits for
    ADD COLUMN answer          text NOT NULL DEFAULT '',
    ADD COLUMN messages        integer NOT NULL DEFAULT 0,
    ADD COLUMN ended_as        text NOT NULL DEFAULT '';

ALTER TABLE effects DROP CONSTRAINT effects_pkey;
ALTER TABLE effects ADD PRIMARY KEY (journey_id, stage, occurrence, kind);

CREATE INDEX journeys_awaiting ON journeys (awaited_no) WHERE awaited_no <> 0 AND phase = 2;

-- Of a scenario how many are under way is counted where it has a limit.
CREATE INDEX journeys_under_way ON journeys (scenario) WHERE phase <> 4 AND occurrence > 0;

-- Whoever enters a limited scenario holds its row, so that a limit is exact.
CREATE TABLE rooms (
    scenario text PRIMARY KEY,
    day      text NOT NULL,
    entered  integer NOT NULL
);

-- How often persons came towards scenarios that ask for more than once.
CREATE TABLE tallies (
    person_id   text NOT NULL,
    scenario    text NOT NULL,
    is_occasion boolean NOT NULL,
    time_us     bigint NOT NULL
);
CREATE INDEX tallies_person ON tallies (person_id);
CREATE INDEX tallies_time ON tallies USING brin (time_us) WITH (autosummarize = on);

-- What is to be done for journeys outside of them: messages, attributes, notes. The id is the key by
-- which whoever does it knows it again; state: waiting, sending, sent, skipped, failed, unknown,
-- cancelled.
CREATE TABLE errands (
    errand_id   text PRIMARY KEY,
    journey_id  text REFERENCES journeys ON DELETE CASCADE,
    stage       smallint NOT NULL DEFAULT -1,
    occurrence  integer NOT NULL DEFAULT 0,
    person_id   text NOT NULL,
    scenario    text NOT NULL DEFAULT '',
    stage_name  text NOT NULL DEFAULT '',
    kind        text NOT NULL,
    payload     bytea NOT NULL,
    due_us      bigint NOT NULL,
    expires_us  bigint NOT NULL DEFAULT 0,
    state       text NOT NULL DEFAULT 'waiting',
    reason      text NOT NULL DEFAULT '',
    tries       integer NOT NULL DEFAULT 0,
    owner       text NOT NULL DEFAULT '',
    lease_until timestamptz,
    token       bigint NOT NULL DEFAULT 0,
    changed_us  bigint NOT NULL DEFAULT 0,
    UNIQUE (journey_id, occurrence, kind)
) WITH (
    autovacuum_vacuum_scale_factor = 0.02
);
CREATE INDEX errands_due ON errands (due_us) WHERE state IN ('waiting', 'sending');
CREATE INDEX errands_person ON errands (person_id);
