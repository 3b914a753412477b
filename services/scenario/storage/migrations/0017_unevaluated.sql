-- How often conditions of scenarios could not be evaluated where no journey stands still for it.
CREATE TABLE unevaluated (
    scenario text NOT NULL,
    place text NOT NULL,       -- where the condition stands in the scenario: goal_where
    day integer NOT NULL,      -- of business time in UTC, since 1970
    number bigint NOT NULL,
    PRIMARY KEY (scenario, place, day)
);
