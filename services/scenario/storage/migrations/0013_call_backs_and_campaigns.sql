-- What became of call-backs is looked up by their time, and what was done for no journey forgotten by
-- its own: neither reads all messages any more.
CREATE INDEX errands_call_backs ON errands (due_us) WHERE kind = 'call_back';
CREATE INDEX errands_for_no_journey ON errands (changed_us) WHERE journey_id IS NULL AND NOT is_open;
