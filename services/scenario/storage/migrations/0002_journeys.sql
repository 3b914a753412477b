-- Times ending in _us are business time, microseconds since 1970 UTC; _time and lease_until are
-- machine time. Rows stay under the person_id they were written with; a merge is read as a set.

-- Who is one with whom, as profile told; a person without a row stands alone.
CREATE TABLE person_sets (
    person_id  text PRIMARY KEY,
    person_ids text[] NOT NULL,
    version    bigint NOT NULL
);

-- Persons that were erased: what still arrives of them is not kept.
CREATE TABLE erased_persons (
    person_id   text PRIMARY KEY,
    erased_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- phase: 1 quiet, 2 in a stage, 3 parked, 4 over.
CREATE TABLE journeys (
    journey_id       text PRIMARY KEY,
    person_id        text NOT NULL,
    scenario         text NOT NULL,
    definition       bytea NOT NULL,  -- the scenario it goes on by, whatever is defined later
    phase            smallint NOT NULL CHECK (phase BETWEEN 1 AND 4),
    version          bigint NOT NULL,
    started_us       bigint NOT NULL,
    due_us           bigint NOT NULL,  -- 0: nothing but an event moves it
    stage            smallint NOT NULL DEFAULT -1,
    entered_us       bigint NOT NULL DEFAULT 0,
    until_us         bigint NOT NULL DEFAULT 0,
    occurrence       integer NOT NULL DEFAULT 0,
    offer_no         bigint NOT NULL DEFAULT 0,
    answers_to       bigint[] NOT NULL DEFAULT '{}',
    cart_nos         bigint[] NOT NULL DEFAULT '{}',
    cart_quantities  double precision[] NOT NULL DEFAULT '{}',
    cart_value_micros bigint NOT NULL DEFAULT 0,
    obstacle         text NOT NULL DEFAULT '',
    outcome          text NOT NULL DEFAULT '',
    ended_us         bigint NOT NULL DEFAULT 0,
    dormant          boolean NOT NULL DEFAULT false,
    owner            text NOT NULL DEFAULT '',
    lease_until      timestamptz,
    token            bigint NOT NULL DEFAULT 0,  -- fences whoever held an earlier lease
    changed_time     timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (
    -- Timers move and journeys end all the time; dead rows must not pile up.
    autovacuum_vacuum_scale_factor = 0.02
);
CREATE INDEX journeys_due ON journeys (due_us) WHERE phase <> 4 AND NOT dormant AND due_us > 0;
CREATE UNIQUE INDEX journeys_open ON journeys (person_id, scenario) WHERE phase <> 4;
CREATE INDEX journeys_ended ON journeys (person_id, scenario, ended_us)
    WHERE phase = 4 AND occurrence > 0;
CREATE INDEX journeys_changed ON journeys (changed_time);
CREATE INDEX journeys_over ON journeys (ended_us) WHERE phase = 4;

-- What a journey brought about: the key is what makes it happen once.
CREATE TABLE effects (
    journey_id   text NOT NULL REFERENCES journeys ON DELETE CASCADE,
    stage        smallint NOT NULL,
    occurrence   integer NOT NULL,
    kind         text NOT NULL,
    written_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (journey_id, stage, occurrence)
);

-- What agents are to do; over when outcome is not empty.
CREATE TABLE tasks (
    task_id          text PRIMARY KEY,
    journey_id       text NOT NULL REFERENCES journeys ON DELETE CASCADE,
    occurrence       integer NOT NULL,
    person_id        text NOT NULL,
    kind             text NOT NULL,
    reason           text NOT NULL,
    script           text NOT NULL,
    offer_ids        text[] NOT NULL,
    skills           text[] NOT NULL,
    priority         integer NOT NULL,
    due_us           bigint NOT NULL,
    expires_us       bigint NOT NULL,
    agent_id         text NOT NULL DEFAULT '',
    claimed_until_us bigint NOT NULL DEFAULT 0,
    claims           integer NOT NULL DEFAULT 0,
    outcome          text NOT NULL DEFAULT '',
    ended_by         text NOT NULL DEFAULT '',
    note             bytea,
    UNIQUE (journey_id, occurrence)
);
CREATE INDEX tasks_waiting ON tasks (priority DESC, due_us) WHERE outcome = '';
CREATE INDEX tasks_held ON tasks (agent_id) WHERE outcome = '';
CREATE INDEX tasks_person ON tasks (person_id);

-- Keys that notes are encrypted under, one per person, wrapped by one that is not kept here.
CREATE TABLE person_keys (
    person_id text PRIMARY KEY,
    wrapped   bytea NOT NULL
);

-- When the wrapping key was renewed last; one row.
CREATE TABLE key_renewal (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    renewal    bigint NOT NULL,
    renewed_us bigint NOT NULL
);

-- How far the owner's logs were read.
CREATE TABLE log_positions (
    log      text PRIMARY KEY,
    position bigint NOT NULL
);
