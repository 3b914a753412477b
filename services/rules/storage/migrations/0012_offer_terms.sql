-- The terms of offers that are promised, once for each version of them: what was promised on them keeps
-- them. A promise was made on the latest whose since_us is not after its made_us; the first of an offer
-- stands for all before it, which were promised when terms were not kept yet.
CREATE TABLE offer_terms (
    offer_no integer NOT NULL,
    -- The version of the catalogue that brought them.
    version  bigint NOT NULL,
    since_us bigint NOT NULL,
    -- A serialised PromisedTerms.
    terms    bytea NOT NULL,
    PRIMARY KEY (offer_no, version)
);
