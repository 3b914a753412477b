-- When it was found that a journey's person was quiet already; 0: it began with a live event.
ALTER TABLE journeys ADD COLUMN taken_up_us bigint NOT NULL DEFAULT 0;

CREATE INDEX journeys_taken_up ON journeys (scenario) WHERE taken_up_us > 0;

-- How far the event log was searched for people whom a scenario takes up who are quiet already; of
-- those scenarios alone that are in force.
CREATE TABLE looks (
    scenario   text PRIMARY KEY,
    -- Digest of all that says whom it means: with another one the search begins anew.
    meant      bytea NOT NULL,
    -- When it began, business time.
    begun_us   bigint NOT NULL,
    -- Of the log, up to which it was searched.
    position   bigint NOT NULL DEFAULT 0,
    -- The end was reached once: from then on only imported events are looked at.
    is_through boolean NOT NULL DEFAULT false,
    -- So many were looked at; who was met twice counts twice.
    people     bigint NOT NULL DEFAULT 0
);
