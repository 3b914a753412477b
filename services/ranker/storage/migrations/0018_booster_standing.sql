-- Whether the trees that are served still pay, as it was last measured; empty: not yet.
ALTER TABLE booster_pointer ADD COLUMN standing bytea NOT NULL DEFAULT '';
