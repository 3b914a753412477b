-- What every schema keeps for the event plane.

-- Messages written with their effect and not yet acknowledged by the bus. PL/pgSQL functions may
-- insert (subject, schema_number, data) themselves.
CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id    uuid NOT NULL DEFAULT gen_random_uuid(),
    subject       text NOT NULL,
    schema_number smallint NOT NULL,
    data          bytea NOT NULL CHECK (octet_length(data) <= 524288),
    written_time  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (
    -- A queue: every row is deleted soon, so that dead rows must not pile up.
    autovacuum_vacuum_scale_factor = 0.0,
    autovacuum_vacuum_threshold = 5000
);

-- Messages that took effect here; written in the transaction of the effect.
CREATE TABLE inbox (
    consumer      text NOT NULL,
    message_id    uuid NOT NULL,
    received_time timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, message_id)
);
CREATE INDEX inbox_received ON inbox USING brin (received_time);

-- How far each consumer has read, moved in the transaction of the effect.
CREATE TABLE consumer_place (
    consumer   text PRIMARY KEY,
    created_us bigint NOT NULL,  -- when its stream was made: another value means another stream
    sequence   bigint NOT NULL
);

-- Messages that this service could not take, kept until somebody looks and replays them.
CREATE TABLE parked (
    consumer      text NOT NULL,
    message_id    uuid NOT NULL,
    subject       text NOT NULL,
    schema_number smallint NOT NULL,
    data          bytea NOT NULL,
    sequence      bigint NOT NULL,
    stored_us     bigint NOT NULL,
    reason        text NOT NULL,
    tries         smallint NOT NULL,
    parked_time   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (consumer, message_id)
);
