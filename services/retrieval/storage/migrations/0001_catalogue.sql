-- Every item and offer ever written; numbers are given once and never reused.
CREATE TABLE offers (
    offer_no   integer PRIMARY KEY,
    offer_id   text NOT NULL UNIQUE,
    kind       smallint NOT NULL,
    variant_of text NOT NULL,
    family_no  integer NOT NULL,
    about_nos  integer[] NOT NULL,
    is_defined boolean NOT NULL,
    content    bytea NOT NULL,
    version    bigint NOT NULL
);
CREATE INDEX offers_version ON offers (version, offer_no);
-- Variants may be written before the item they are variants of.
CREATE INDEX offers_variant_of ON offers (variant_of) WHERE variant_of <> '';

-- One row: the newest version and the last number given. Its lock makes writers queue.
CREATE TABLE catalogue_version (
    is_only       boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    version       bigint NOT NULL,
    last_offer_no integer NOT NULL
);
INSERT INTO catalogue_version (version, last_offer_no) VALUES (0, 0);
