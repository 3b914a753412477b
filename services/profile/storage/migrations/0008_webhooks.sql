-- How far each receiver outside of the house has been told what happened.
CREATE TABLE webhooks (
    webhook          text PRIMARY KEY,
    -- Rises when somebody has it go on from elsewhere: who was at work on it then has lost it.
    generation       bigint NOT NULL DEFAULT 1,
    -- Everything up to it was taken by the receiver or left out.
    events_position  bigint NOT NULL,
    delivered        bigint NOT NULL DEFAULT 0,
    left_out         bigint NOT NULL DEFAULT 0,
    failures         integer NOT NULL DEFAULT 0,
    -- By the machine's clock, as are the other times.
    failing_since_us bigint,
    parked_us        bigint,
    last_error       text NOT NULL DEFAULT '',
    delivered_us     bigint
);
