-- What became of errands: how far each is, which way it went, and who still has something to do.
ALTER TABLE errands
    ADD COLUMN is_open     boolean NOT NULL DEFAULT true,
    ADD COLUMN setbacks    integer NOT NULL DEFAULT 0,  -- its carrier certainly did not take it
    ADD COLUMN doubts      integer NOT NULL DEFAULT 0,  -- looked into what became of it
    ADD COLUMN asked       integer NOT NULL DEFAULT 0,  -- put off because it might not be sent
    ADD COLUMN channel     smallint NOT NULL DEFAULT 0,
    ADD COLUMN why         text NOT NULL DEFAULT '',    -- by that channel
    ADD COLUMN contact_id  text NOT NULL DEFAULT '',    -- in the ledger, and the log of its person
    ADD COLUMN decision_id text NOT NULL DEFAULT '',
    ADD COLUMN offer_id    text NOT NULL DEFAULT '',
    ADD COLUMN provider_id text NOT NULL DEFAULT '',
    ADD COLUMN sent_us     bigint NOT NULL DEFAULT 0;

UPDATE errands SET is_open = false WHERE state NOT IN ('waiting', 'sending');

DROP INDEX errands_due;
CREATE INDEX errands_due ON errands (due_us) WHERE is_open;
