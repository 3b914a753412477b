-- What a person is on one journey of a scenario about: an item where the scenario says so, else 0.
ALTER TABLE journeys ADD COLUMN subject_no bigint NOT NULL DEFAULT 0;
ALTER TABLE tallies ADD COLUMN subject_no bigint NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX journeys_open_about ON journeys (person_id, scenario, subject_no)
    WHERE phase <> 4;
DROP INDEX journeys_open;
