-- Events of the log that could not be folded into the state of their person.
CREATE TABLE parked_events (
    position  bigint PRIMARY KEY,
    person_id uuid NOT NULL,
    parked_us bigint NOT NULL,
    tries     integer NOT NULL DEFAULT 1,
    reason    text NOT NULL
);
CREATE INDEX parked_events_by_person ON parked_events (person_id);
