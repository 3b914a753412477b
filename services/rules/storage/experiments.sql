-- name: note_experiments
-- In the order of their names: two replicas may note the same ones.
INSERT INTO experiments (experiment, first_us, definition)
SELECT experiment, $2, definition
FROM unnest($1::text[], $3::bytea[]) AS noted (experiment, definition)
ORDER BY experiment
ON CONFLICT (experiment) DO UPDATE
SET definition = excluded.definition, first_us = least(experiments.first_us, excluded.first_us)

-- name: experiments
SELECT definition, first_us FROM experiments ORDER BY experiment
