-- Who referred whom: the referred by pseudonym, because they may not be known, and nobody's profile
-- is made of what others say.
CREATE TABLE referrals (
    person_id    uuid NOT NULL,
    referred_key bytea NOT NULL,
    -- Of the first word.
    time_us      bigint NOT NULL,
    PRIMARY KEY (person_id, referred_key)
);
CREATE INDEX referrals_by_referred ON referrals (referred_key);

-- What the states hold of it: who differs from what is computed is written anew.
CREATE TABLE referral_tallies (
    person_id           uuid PRIMARY KEY,
    persons             integer NOT NULL,
    contribution_micros bigint NOT NULL
);
