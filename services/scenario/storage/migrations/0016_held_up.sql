-- What holds an errand up that is tried again, and since when its carrier was tried.
ALTER TABLE errands
    ADD COLUMN obstacle text NOT NULL DEFAULT '',    -- a service that does not answer; the next step ends it
    ADD COLUMN tried_us bigint NOT NULL DEFAULT 0;   -- since it was last put off; 0: it was not
