-- A model is made of parts, each a file of its own: the part's name to its content hash. What names
-- persons stays apart, because it is written anew when somebody is erased. `item_artefact` is kept
-- for replicas of the version before; NULL was written by one of them.
ALTER TABLE models ADD COLUMN artefacts jsonb;
