-- Sets are erased by any of their members.
CREATE INDEX person_sets_by_member ON person_sets USING gin (person_ids);
-- Every few seconds those are forgotten that nothing will claim any more.
CREATE INDEX kept_answers_unclaimed ON kept_answers (time_us) WHERE state = 3;
