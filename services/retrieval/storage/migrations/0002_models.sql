-- Says whose numbers a model's rows are: a model of another catalogue must not be served.
ALTER TABLE catalogue_version ADD COLUMN catalogue_id uuid NOT NULL DEFAULT gen_random_uuid();

-- The models that are kept, the newest with the highest number. Artefacts are named by their hash.
CREATE TABLE models (
    model_no          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_artefact     text NOT NULL,
    person_artefact   text NOT NULL,
    catalogue_id      uuid NOT NULL,
    catalogue_version bigint NOT NULL,
    trained_us        bigint NOT NULL,
    report            bytea NOT NULL
);

-- One row: the version of `models`, and the lease of whoever trains. Its lock makes changes queue.
CREATE TABLE model_version (
    is_only      boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    version      bigint NOT NULL,
    token        bigint NOT NULL,
    leased_until timestamptz NOT NULL
);
INSERT INTO model_version (version, token, leased_until) VALUES (0, 0, '-infinity');

-- Who is still to be taken out of the models.
CREATE TABLE model_erasures (
    person_id text PRIMARY KEY
);
