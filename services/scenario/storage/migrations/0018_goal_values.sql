-- What the event was worth by which a goal was reached, millionths; 0: nothing, or nobody knows.
ALTER TABLE entries ADD COLUMN value_micros bigint NOT NULL DEFAULT 0;
