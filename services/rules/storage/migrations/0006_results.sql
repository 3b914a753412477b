-- What each rule did, by the hour: added to every few seconds by every replica, so each row's page
-- keeps room for its next version. rule '': all decisions. placement '': of the whole decision.
CREATE TABLE rule_counts (
    hour_us    bigint NOT NULL,
    rule       text NOT NULL,
    shadow     boolean NOT NULL,
    placement  text NOT NULL,
    decisions  bigint NOT NULL,
    candidates bigint NOT NULL,
    failed     bigint NOT NULL,
    -- A sketch of how many different people; it names nobody.
    people     bit(6144),
    PRIMARY KEY (hour_us, rule, shadow, placement)
) WITH (fillfactor = 50);

-- What became of what was shown, by the hour of the decision. rule '': all that was shown. touch: 1
-- the rule acted on the decision, 2 in shadow it would have, 3 it would have removed just this.
CREATE TABLE rule_answers (
    hour_us      bigint NOT NULL,
    bundle_hash  text NOT NULL,
    rule         text NOT NULL,
    touch        smallint NOT NULL,
    shown        bigint NOT NULL,
    accepted     bigint NOT NULL,
    declined     bigint NOT NULL,
    value_micros bigint NOT NULL,
    PRIMARY KEY (hour_us, bundle_hash, rule, touch)
) WITH (fillfactor = 50);
