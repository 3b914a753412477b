-- Of an experiment that a trial has with more people or variants than everybody's definitions, the wider definition
-- is kept, whoever notes it last: the other one is a part of it.
ALTER TABLE experiments
    ADD COLUMN share double precision NOT NULL DEFAULT 0,
    ADD COLUMN variants integer NOT NULL DEFAULT 0;
