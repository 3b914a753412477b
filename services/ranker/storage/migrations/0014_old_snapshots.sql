-- A version that did not yet say when it saved a snapshot (saved_us = 0) also learned otherwise.
-- Its last snapshot of before this is where every replica begins; what it saves later is passed over.
ALTER TABLE learning_log ADD COLUMN old_snapshots_until bigint NOT NULL DEFAULT 0;
UPDATE learning_log
SET old_snapshots_until = (SELECT coalesce(max(number), 0) FROM model_snapshots);
