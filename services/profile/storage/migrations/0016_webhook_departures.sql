-- Whom each receiver outside of the house has been told of, and so may still hold.
CREATE TABLE webhook_told (
    webhook    text NOT NULL,
    person_id  uuid NOT NULL,
    -- When they last were seen to agree to it, business time.
    checked_us bigint NOT NULL,
    PRIMARY KEY (person_id, webhook)
);
CREATE INDEX webhook_told_by_check ON webhook_told (checked_us);

-- Whom a receiver is to delete and has not been told to yet. The id is all that is kept of them.
CREATE TABLE webhook_departures (
    position  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook   text NOT NULL,
    person_id uuid NOT NULL,
    -- Else they took their word back, or let it end.
    erased    boolean NOT NULL,
    left_us   bigint NOT NULL
);
CREATE INDEX webhook_departures_by_webhook ON webhook_departures (webhook, position);

-- Up to where the log has been searched for words about consent.
CREATE TABLE webhook_watch (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    events_position bigint NOT NULL DEFAULT 0
);
INSERT INTO webhook_watch DEFAULT VALUES;
