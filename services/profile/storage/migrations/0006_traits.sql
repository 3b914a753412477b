-- What traits need of an event: what tells a variant from others of its family (a JSON object; empty:
-- nothing), and what a page was about that a hesitating buyer reads (0: nothing of the kind).
ALTER TABLE events
    ADD COLUMN variant text NOT NULL DEFAULT '',
    ADD COLUMN topic smallint NOT NULL DEFAULT 0;

-- Which version of the fold made a state: states of an older one are folded anew from their events.
-- Rows made from now on are of this version; it changes with no event, so that those stay cheap.
ALTER TABLE profiles ADD COLUMN fold_version smallint NOT NULL DEFAULT 1;
ALTER TABLE profiles ALTER COLUMN fold_version SET DEFAULT 2;
CREATE INDEX profiles_to_refold ON profiles (person_id) WHERE fold_version < 2;
