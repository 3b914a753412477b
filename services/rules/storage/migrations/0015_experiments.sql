-- Experiments that people were in, with the definition by which the latest of them were: under its name an
-- experiment keeps its variants.
CREATE TABLE experiments (
    experiment text PRIMARY KEY,
    first_us   bigint NOT NULL,
    -- A serialised Experiment.
    definition bytea NOT NULL
);
