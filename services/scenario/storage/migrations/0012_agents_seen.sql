-- Who went home without signing off is promised to nobody: when an agent was heard of last.
ALTER TABLE agents ADD COLUMN seen_time timestamptz NOT NULL DEFAULT clock_timestamp();
