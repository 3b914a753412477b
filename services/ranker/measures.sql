-- Makes the tables that the queries of `touchpoint report results` are on, out of an export.
-- DuckDB; run it in the folder of `touchpoint export DIR --in-house`:
--   touchpoint report results --sql > measures.sql && cd DIR && duckdb -init ../measures.sql
-- It is the second, independent hand that every figure is recomputed by; docs/measures.md says what
-- each measure means.

-- The period, the placements and the acceptances that the report went by.
CREATE OR REPLACE TABLE period AS
SELECT {since_us}::BIGINT AS since_us, {until_us}::BIGINT AS until_us, {step_us}::BIGINT AS step_us;

CREATE OR REPLACE TABLE seen_when_decided AS
SELECT * FROM (VALUES {placements}) AS told (placement);

CREATE OR REPLACE TABLE acceptances AS
SELECT * FROM (VALUES {acceptances}) AS told (kind, type);

CREATE OR REPLACE MACRO micros(amount) AS (amount * 1000000)::BIGINT;
CREATE OR REPLACE MACRO to_base(amount, billionths) AS
    ((2 * amount::HUGEINT * billionths + 1000000000) // 2000000000)::BIGINT;
CREATE OR REPLACE MACRO latest(name) AS TABLE
    SELECT * FROM query('SELECT * FROM read_parquet(''' || name || '/*/*.parquet'',
        hive_partitioning = true, hive_types_autocast = false)
        WHERE day = (SELECT max(day) FROM read_parquet(''' || name || '/*/*.parquet'',
            hive_partitioning = true, hive_types_autocast = false))');

-- What currencies are worth in the base and from when on, as the export has it: it must be what the
-- report went by.
CREATE OR REPLACE TABLE rates AS
SELECT currency, billionths, coalesce(epoch_us(since), 0) AS from_us FROM latest('rates');

CREATE OR REPLACE TABLE reported_rates AS
SELECT * FROM (VALUES {rates}) AS told (currency, from_us, billionths) WHERE currency <> '';

CREATE OR REPLACE TABLE checked AS
SELECT CASE WHEN count(*) > 0
    THEN error('the report went by other rates of currencies than this export has: export again')
    END AS checked
FROM reported_rates ANTI JOIN rates USING (currency, from_us, billionths);

CREATE OR REPLACE MACRO worth(currency, billionths) AS
    CASE WHEN currency = '' THEN 1000000000 ELSE coalesce(billionths, 0) END;

CREATE OR REPLACE TABLE customers AS
SELECT person_id, profile_id FROM latest('persons');

CREATE OR REPLACE TABLE arms AS SELECT profile_id, arm FROM latest('assignments');

CREATE OR REPLACE TABLE members AS SELECT profile_id, segment FROM latest('segments');

CREATE OR REPLACE TABLE known AS
SELECT * FROM (
    SELECT item_id AS offer_id, coalesce(variant_of, item_id) AS family, 'PRODUCT' AS kind,
        0 AS ends_us, 0 AS value, coalesce(currency, '') AS currency
    FROM latest('items')
    UNION ALL
    SELECT offer_id, offer_id, kind, coalesce(epoch_us(ends), 0), coalesce(micros(value), 0),
        coalesce(currency, '')
    FROM latest('offers')
);

-- What people did, a row per event, money in the base currency by the rates of its day; numbered as it happened, what was
-- bought last of its moment.
CREATE OR REPLACE TABLE deeds AS
SELECT row_number() OVER (ORDER BY epoch_us(events.time), events.type = 'purchase', told) AS deed,
    profile_id, events.type, events.channel,
    epoch_us(events.time) AS time_us, events.offer_id,
    coalesce(family, events.offer_id) AS family, coalesce(kind = 'PRODUCT', false) AS is_product,
    to_base(micros(events.value), worth(paid_in, billionths)) AS value,
    CASE WHEN events.cost < 0 THEN 0
        ELSE to_base(floor(micros(events.cost)::DOUBLE * quantity + 0.5)::BIGINT,
            worth(paid_in, billionths)) END AS cost,
    events.cost < 0 AS is_costless,
    coalesce(nullif(order_id, ''), 'day ' || epoch_us(events.time) // 86400000000) AS order_name,
    try_cast(decision_id AS UUID) AS decision_id, placement,
    CASE WHEN events.type = 'purchase' THEN details ->> '$.promotion' END AS promotion,
    CASE WHEN events.type = 'survey_answer' THEN (details ->> '$.rating')::DOUBLE END AS rating,
    CASE events.type WHEN 'unsubscribe' THEN true
        WHEN 'consent' THEN lower(coalesce(details ->> '$.granted', 'true'))
            NOT IN ('true', '1', 'yes', 'granted')
        WHEN 'complaint' THEN coalesce(details ->> '$.status', '') NOT IN ('closed', 'resolved')
            AND lower(coalesce(details ->> '$.resolved', ''))
            NOT IN ('true', '1', 'yes', 'granted')
        ELSE false END AS objects
FROM (
    SELECT events.*, family, kind, epoch_us(time) AS paid_us,
        coalesce(events.currency, known.currency, '') AS paid_in
    FROM (
        SELECT *, row_number() OVER () AS told
        FROM read_parquet('events/*/*.parquet', union_by_name = true)
    ) AS events
    LEFT JOIN known USING (offer_id)
) AS events
JOIN customers USING (person_id)
ASOF LEFT JOIN rates ON paid_in = rates.currency AND paid_us >= rates.from_us
CROSS JOIN period
WHERE events.type IN ({types}) AND epoch_us(events.time) BETWEEN since_us AND until_us - 1;

-- Visits: 30 minutes of silence end one.
CREATE OR REPLACE TABLE visits AS
WITH told AS (
    SELECT *, coalesce(time_us - lag(time_us) OVER following >= {silence_us}, true) AS begins
    FROM deeds WHERE type IN ({visiting})
    WINDOW following AS (PARTITION BY profile_id ORDER BY time_us, deed)
), numbered AS (
    SELECT *, sum(begins::INTEGER) OVER (PARTITION BY profile_id ORDER BY time_us, deed) AS visit
    FROM told
), summed AS (
    SELECT profile_id, visit, min(time_us) AS begin_us, max(time_us) AS end_us,
        count(DISTINCT family) FILTER (type IN ('view', 'add_to_cart') AND is_product)
            AS considered,
        max(time_us) FILTER (type = 'add_to_cart') AS filled_us,
        arg_min(channel, deed) AS channel,
        arg_max(channel, deed) FILTER (type = 'add_to_cart') AS cart_channel
    FROM numbered GROUP BY profile_id, visit
)
SELECT *, coalesce(filled_us + {cart_us} <= until_us, false) AS is_cart,
    NOT EXISTS (
        SELECT 1 FROM deeds WHERE deeds.profile_id = summed.profile_id AND type = 'purchase'
            AND time_us BETWEEN filled_us AND filled_us + {cart_us}) AS is_left
FROM summed CROSS JOIN period;

-- What decisions chose, a row per place of a page.
CREATE OR REPLACE TABLE decided AS
SELECT decision_id, profile_id, epoch_us(time) AS time_us, channel, placement, position, offer_id
FROM read_parquet('decisions/*/*.parquet') JOIN customers USING (person_id) CROSS JOIN period
WHERE epoch_us(time) BETWEEN since_us AND until_us - 1;

CREATE OR REPLACE TABLE places AS
SELECT row_number() OVER (ORDER BY decision_id, decided.placement, position) AS place,
    decided.* REPLACE (decision_id::UUID AS decision_id),
    coalesce(kind, '') AS kind, coalesce(family, decided.offer_id) AS family,
    coalesce(ends_us, 0) AS ends_us,
    coalesce(to_base(value, worth(known.currency, billionths)), 0) AS value,
    seen_when_decided.placement IS NOT NULL AS is_seen
FROM decided
LEFT JOIN known USING (offer_id)
ASOF LEFT JOIN rates ON known.currency = rates.currency AND decided.time_us >= rates.from_us
LEFT JOIN seen_when_decided ON seen_when_decided.placement = decided.placement
WHERE decided.placement IS NOT NULL;

-- Which answers name which place; an opened mail names all that stands in it.
CREATE OR REPLACE TABLE named AS
SELECT deed, place, deeds.type, greatest(deeds.time_us, places.time_us) AS time_us
FROM deeds JOIN places USING (decision_id, profile_id)
WHERE deeds.type IN ({answering})
    AND (deeds.placement IS NULL OR deeds.placement = places.placement)
    AND (deeds.offer_id = places.offer_id OR deeds.family = places.family
        OR deeds.offer_id IS NULL AND deeds.type = 'email_open')
QUALIFY deeds.offer_id IS NULL OR row_number() OVER (
    PARTITION BY deed ORDER BY deeds.offer_id = places.offer_id DESC, place) = 1;

-- When each place was first seen, if it was.
CREATE OR REPLACE TABLE seen AS
SELECT places.*, least(CASE WHEN is_seen THEN places.time_us END, first_us) AS shown_us,
    coalesce(clicked, false) AS is_clicked, coalesce(declined, false) AS is_declined
FROM places LEFT JOIN (
    SELECT place, min(time_us) AS first_us,
        bool_or(type IN ('click', 'email_click')) AS clicked, bool_or(type = 'decline') AS declined
    FROM named GROUP BY place
) AS answered USING (place)
WHERE is_seen OR first_us IS NOT NULL;

-- To which showing each acceptance is credited: the one it names, else the last one before it.
-- What was paid goes to what showed the item, else to what showed the promotion that it redeems.
CREATE OR REPLACE TABLE credits AS
WITH takes AS (
    SELECT deed, profile_id, type, time_us, family AS subject, true AS may_name
    FROM deeds WHERE type IN ({crediting}) AND offer_id IS NOT NULL
    UNION ALL
    SELECT deed, profile_id, type, time_us, promotion, false
    FROM deeds WHERE promotion IS NOT NULL
), credited AS (
    SELECT takes.deed, seen.place, may_name AS is_item
    FROM takes
    JOIN seen ON seen.profile_id = takes.profile_id AND seen.family = takes.subject
    JOIN acceptances ON acceptances.kind = seen.kind AND acceptances.type = takes.type
    LEFT JOIN named ON named.deed = takes.deed AND named.place = seen.place AND may_name
    WHERE (named.place IS NOT NULL OR takes.time_us >= shown_us)
        AND CASE WHEN seen.kind = 'PRODUCT' THEN takes.time_us <= shown_us + 86400000000
            ELSE ends_us = 0 OR greatest(takes.time_us, shown_us) <= ends_us END
    QUALIFY row_number() OVER (PARTITION BY takes.deed, may_name
        ORDER BY named.place IS NOT NULL DESC, shown_us DESC, seen.place) = 1
)
SELECT deed, place, row_number() OVER (PARTITION BY deed ORDER BY is_item DESC) = 1 AS is_paid
FROM credited;

-- What became of each showing, with what is credited to it.
CREATE OR REPLACE TABLE showings AS
SELECT seen.*, accepted.place IS NOT NULL AS is_accepted, coalesce(revenue, 0) AS revenue,
    coalesce(contribution, 0) AS contribution,
    CASE WHEN kind = 'PRODUCT' THEN coalesce(contribution, 0)
        WHEN accepted.place IS NOT NULL THEN value ELSE 0 END AS worth
FROM seen
LEFT JOIN (SELECT DISTINCT place FROM credits) AS accepted USING (place)
LEFT JOIN (
    SELECT place, sum(value)::BIGINT AS revenue, sum(value - cost)::BIGINT AS contribution
    FROM credits JOIN deeds USING (deed) WHERE is_paid AND type = 'purchase' GROUP BY place
) AS paid USING (place);

-- One row per customer of the period, with all that measures are made of.
CREATE OR REPLACE TABLE customer_measures AS
WITH everybody AS (
    SELECT profile_id FROM deeds UNION SELECT profile_id FROM decided
), of_visits AS (
    SELECT profile_id, count(*) AS visits, sum(end_us - begin_us) / 1e6 AS visit_seconds,
        sum(considered) AS considered, count(*) FILTER (is_cart) AS carts,
        count(*) FILTER (is_cart AND is_left) AS carts_left,
        bool_or(begin_us < middle_us) AS early,
        bool_or(begin_us < middle_us) AND bool_or(begin_us >= middle_us) AS retained
    FROM visits, (SELECT since_us + (until_us - since_us) // 2 AS middle_us FROM period)
    GROUP BY profile_id
), of_deeds AS (
    SELECT profile_id, count(DISTINCT order_name) FILTER (type = 'purchase') AS orders,
        sum(value) FILTER (type = 'purchase') / 1e6 AS sales,
        sum(value) FILTER (type = 'return') / 1e6 AS returned,
        sum(CASE type WHEN 'purchase' THEN value WHEN 'return' THEN -value END) / 1e6 AS revenue,
        sum(CASE type WHEN 'purchase' THEN value - cost WHEN 'return' THEN cost - value END) / 1e6
            AS contribution,
        sum(value) FILTER (type = 'purchase' AND is_costless) / 1e6 AS costless,
        count(*) FILTER (type = 'refer') AS referrals, count(rating) AS ratings,
        sum(rating) AS rating_sum,
        count(*) FILTER (objects AND type <> 'complaint') AS opt_outs,
        count(*) FILTER (objects AND type = 'complaint') AS complaints
    FROM deeds GROUP BY profile_id
), of_orders AS (
    SELECT profile_id, begin_us, lead(begin_us) OVER following AS next_us,
        row_number() OVER following AS number
    FROM (
        SELECT profile_id, order_name, min(time_us) AS begin_us
        FROM deeds WHERE type = 'purchase' GROUP BY profile_id, order_name)
    WINDOW following AS (PARTITION BY profile_id ORDER BY begin_us)
), of_repeats AS (
    SELECT profile_id, begin_us <= until_us - {repeat_us} AS first_orders,
        begin_us <= until_us - {repeat_us} AND coalesce(next_us - begin_us <= {repeat_us}, false)
            AS repeat_orders
    FROM of_orders CROSS JOIN period WHERE number = 1
), of_showings AS (
    SELECT profile_id, count(*) AS shown, count(*) FILTER (is_clicked) AS clicks,
        count(*) FILTER (is_accepted) AS accepted, count(*) FILTER (is_declined) AS declined
    FROM showings GROUP BY profile_id
)
SELECT profile_id, arm, {columns}
FROM everybody JOIN arms USING (profile_id)
LEFT JOIN of_visits USING (profile_id) LEFT JOIN of_deeds USING (profile_id)
LEFT JOIN of_repeats USING (profile_id) LEFT JOIN of_showings USING (profile_id);
