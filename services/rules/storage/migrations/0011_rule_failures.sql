-- Which rules could not be evaluated, by the minute and for a day: what somebody should look at now.
CREATE TABLE rule_failures (
    minute_us bigint NOT NULL,
    rule      text NOT NULL,
    shadow    boolean NOT NULL,
    decisions bigint NOT NULL,
    PRIMARY KEY (minute_us, rule, shadow)
) WITH (fillfactor = 50);
