-- Definitions for a share of people, beside the active ones; all null: nothing of the kind.
ALTER TABLE active_bundle
    ADD COLUMN trial_hash  text REFERENCES bundles,
    ADD COLUMN trial_share double precision CHECK (trial_share > 0 AND trial_share < 1),
    ADD COLUMN trial_salt  text;

-- Who put what into force, when and why: one row for each activation, kept for ever.
-- cause: 0 in force before this was kept, 1 shipped, 2 applied, 3 rolled back.
CREATE TABLE versions (
    number       bigint PRIMARY KEY,
    activated_us bigint NOT NULL,
    cause        smallint NOT NULL CHECK (cause BETWEEN 0 AND 3),
    changed_by   text NOT NULL,
    caller       text NOT NULL,
    message      text NOT NULL,
    bundle_hash  text NOT NULL REFERENCES bundles,
    trial_hash   text REFERENCES bundles,
    trial_share  double precision,
    trial_salt   text
);

INSERT INTO versions (number, activated_us, cause, changed_by, caller, message, bundle_hash)
SELECT 1, (extract(epoch FROM b.stored_time) * 1000000)::bigint, 0, '', '', '', b.bundle_hash
FROM active_bundle a JOIN bundles b USING (bundle_hash);
