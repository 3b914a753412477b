-- name: note_experiments
-- In the order of their names: two replicas may note the same ones.
INSERT INTO experiments (experiment, first_us, definition)
SELECT experiment, $2, definition
FROM unnest($1::text[], $3::bytea[]) AS noted (experiment, definition)
ORDER BY experiment
ON CONFLICT (experiment) DO UPDATE SET definition = excluded.definition

-- name: experiments
SELECT definition FROM experiments ORDER BY experiment
