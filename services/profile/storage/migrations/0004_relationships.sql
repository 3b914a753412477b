-- Who looks after whom. Written under one person and read over the set; of two that hold at one
-- moment the one that began later counts, so nothing is changed when another one begins.
CREATE TABLE relationships (
    person_id uuid NOT NULL,
    role      text NOT NULL,
    from_us   bigint NOT NULL,
    owner_id  text NOT NULL,
    -- Null: until further notice.
    until_us  bigint,
    set_us    bigint NOT NULL,
    PRIMARY KEY (person_id, role, from_us)
);
CREATE INDEX relationships_by_owner ON relationships (owner_id, person_id);
