-- Taken back by hand: it is kept, but not served, and nothing is trained by itself while the newest
-- model is such a one.
ALTER TABLE models ADD COLUMN is_withdrawn boolean NOT NULL DEFAULT false;
-- The position of profile's log up to which it was read; 0: not known.
ALTER TABLE models ADD COLUMN log_position bigint NOT NULL DEFAULT 0;

-- A training that somebody asked for takes the place of one that the schedule began.
ALTER TABLE model_version ADD COLUMN is_scheduled boolean NOT NULL DEFAULT false;
-- What became of the last training of the schedule, and when, business time.
ALTER TABLE model_version ADD COLUMN tried_us bigint NOT NULL DEFAULT 0;
ALTER TABLE model_version ADD COLUMN tried_position bigint NOT NULL DEFAULT 0;
ALTER TABLE model_version ADD COLUMN outcome text NOT NULL DEFAULT '';
