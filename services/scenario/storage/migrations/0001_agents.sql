-- Agents of the call centre, as they last signed on.
CREATE TABLE agents (
    agent_id text PRIMARY KEY,
    presence smallint NOT NULL,
    skills text[] NOT NULL,
    capacity integer NOT NULL,
    changed_us bigint NOT NULL
);
