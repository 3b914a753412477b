-- For reports. Both go with their journey: when it is forgotten, and when its person is erased.

-- Stages that were entered, written once and never changed. One was left when the next was entered,
-- or with the journey.
CREATE TABLE passages (
    journey_id text NOT NULL REFERENCES journeys ON DELETE CASCADE,
    occurrence integer NOT NULL,
    stage      text NOT NULL,
    entered_us bigint NOT NULL,
    PRIMARY KEY (journey_id, occurrence)
);

-- Who met what it takes to enter a scenario, held out or not, and when they reached its goal.
CREATE TABLE entries (
    journey_id text PRIMARY KEY REFERENCES journeys ON DELETE CASCADE,
    person_id  text NOT NULL,
    scenario   text NOT NULL,
    held_out   boolean NOT NULL,
    is_shadow  boolean NOT NULL,
    met_us     bigint NOT NULL,
    until_us   bigint NOT NULL,
    reached_us bigint NOT NULL DEFAULT 0
);
CREATE INDEX entries_person ON entries (person_id);
