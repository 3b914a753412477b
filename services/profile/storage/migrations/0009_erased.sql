-- Who was erased, by pseudonyms alone: what happened before is not taken in again, and no file
-- brings them back.
CREATE TABLE erased_identities (
    identity_key bytea PRIMARY KEY,
    erased_us    bigint NOT NULL
);
CREATE TABLE erased_persons (
    person_id uuid PRIMARY KEY,
    erased_us bigint NOT NULL
);
