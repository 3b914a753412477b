-- How many trainings of the schedule broke off in a row: each waits longer than the one before.
ALTER TABLE model_version ADD COLUMN failures integer NOT NULL DEFAULT 0;
