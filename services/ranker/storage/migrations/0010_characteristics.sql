-- What the hashed characteristics of rows stand for; only those that many different people have.
CREATE TABLE characteristics (
    hash bigint PRIMARY KEY,
    name text NOT NULL,
    value text NOT NULL,
    met_us bigint NOT NULL
);
CREATE INDEX characteristics_by_time ON characteristics (met_us);
