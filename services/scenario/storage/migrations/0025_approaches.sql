-- When the stage of a journey calls or writes, where that waits for an hour of theirs; 0: it waits not.
ALTER TABLE journeys ADD COLUMN approaches_us bigint NOT NULL DEFAULT 0;
