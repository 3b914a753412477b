-- What hangs, or comes by the thousand, on one lane lets the others pass: -1 call-backs, 0 what goes
-- to profile, the number of its channel for a message, -2 for a message whose channel is looked for.
ALTER TABLE errands ADD COLUMN lane smallint NOT NULL DEFAULT 0;

UPDATE errands SET lane = CASE kind WHEN 'call_back' THEN -1 ELSE -2 END
WHERE is_open AND kind IN ('call_back', 'message');

CREATE INDEX errands_due_on_lane ON errands (lane, due_us) WHERE is_open;
DROP INDEX errands_due;
