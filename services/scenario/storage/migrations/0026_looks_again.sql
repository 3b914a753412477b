-- Journeys taken up whose person has turned out to be one with somebody else, or not to be: what
-- all of them did is looked at again, and then the row goes. Its journey may be gone by then.
CREATE TABLE looks_again (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journey_id text NOT NULL
);
