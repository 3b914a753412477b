-- The file from which a replica starts with most of the catalogue, named by its content hash.
CREATE TABLE catalogue_snapshot (
    is_only  boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    artefact text NOT NULL,
    version  bigint NOT NULL
);
