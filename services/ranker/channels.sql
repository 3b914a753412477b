
-- What was bought, with where it had been shown, and with the first visit that it belongs to.
CREATE OR REPLACE TABLE bought AS
SELECT deeds.*, coalesce(seen.channel, 'UNSPECIFIED') AS seen
FROM deeds LEFT JOIN credits ON credits.deed = deeds.deed AND is_paid LEFT JOIN seen USING (place)
WHERE type = 'purchase';

CREATE OR REPLACE TABLE bought_in AS
SELECT bought.deed, visits.channel AS seen
FROM bought JOIN visits USING (profile_id)
WHERE end_us + {bought_us} >= time_us
QUALIFY row_number() OVER (PARTITION BY bought.deed ORDER BY visit) = 1;

-- Money, what came back with the purchase that it gives back: the last one of its order, else of
-- its product.
CREATE OR REPLACE TABLE lines AS
WITH given_back AS (
    SELECT back.deed, bought.deed AS purchase
    FROM deeds AS back JOIN bought USING (profile_id, family)
    WHERE back.type = 'return' AND back.offer_id IS NOT NULL AND bought.time_us <= back.time_us
    QUALIFY row_number() OVER (PARTITION BY back.deed
        ORDER BY bought.order_name = back.order_name DESC, bought.deed DESC) = 1
)
SELECT profile_id, deed AS purchase, type, value, cost FROM bought
UNION ALL
SELECT profile_id, purchase, type, value, cost
FROM deeds LEFT JOIN given_back USING (deed) WHERE type = 'return';

CREATE OR REPLACE TABLE orders AS
SELECT profile_id, order_name, min(time_us) AS begin_us, min(deed) AS deed, sum(value) AS sales,
    coalesce(arg_min(seen, deed) FILTER (seen <> 'UNSPECIFIED'), 'UNSPECIFIED') AS seen,
    arg_min(channel, deed) AS bought
FROM bought GROUP BY profile_id, order_name;

-- Where each visit was, and where what belongs to it was bought first.
CREATE OR REPLACE TABLE visit_channels AS
SELECT visits.*, bought.channel AS bought
FROM visits LEFT JOIN bought ON bought.profile_id = visits.profile_id
    AND bought.time_us BETWEEN begin_us AND end_us + {bought_us}
QUALIFY row_number() OVER (PARTITION BY visits.profile_id, visit ORDER BY bought.deed) = 1;

-- Carts, with where their customer bought next after the last thing was put there.
CREATE OR REPLACE TABLE cart_channels AS
SELECT visits.profile_id, visit, cart_channel AS seen, bought.channel AS bought, is_left
FROM visits LEFT JOIN bought ON bought.profile_id = visits.profile_id
    AND bought.time_us >= filled_us
WHERE is_cart
QUALIFY row_number() OVER (PARTITION BY visits.profile_id, visit ORDER BY bought.deed) = 1;

-- Where each customer came first, and bought first: of all, and in the first half.
CREATE OR REPLACE TABLE customer_channels AS
SELECT profile_id, came.channel AS seen, of_all.bought, of_half.bought AS early_bought
FROM customer_measures
LEFT JOIN (
    SELECT profile_id, arg_min(channel, visit) AS channel FROM visits GROUP BY profile_id
) AS came USING (profile_id)
LEFT JOIN (
    SELECT profile_id, arg_min(channel, deed) AS bought FROM bought GROUP BY profile_id
) AS of_all USING (profile_id)
LEFT JOIN (
    SELECT profile_id, arg_min(channel, deed) AS bought FROM bought CROSS JOIN period
    WHERE time_us < since_us + (until_us - since_us) // 2 GROUP BY profile_id
) AS of_half USING (profile_id);

-- What was said, with where its customer had bought last before, and been shown something last.
CREATE OR REPLACE TABLE said AS
WITH words AS (
    SELECT * FROM deeds WHERE objects OR rating IS NOT NULL
), bought_before AS (
    SELECT words.deed, bought.channel AS bought
    FROM words JOIN bought USING (profile_id) WHERE bought.time_us <= words.time_us
    QUALIFY row_number() OVER (PARTITION BY words.deed ORDER BY bought.deed DESC) = 1
), shown_before AS (
    SELECT words.deed, seen.channel AS shown
    FROM words JOIN seen USING (profile_id) WHERE objects AND shown_us <= words.time_us
    QUALIFY row_number() OVER (PARTITION BY words.deed ORDER BY shown_us DESC, place DESC) = 1
)
SELECT words.*, bought, shown
FROM words LEFT JOIN bought_before USING (deed) LEFT JOIN shown_before USING (deed);

CREATE OR REPLACE TABLE shown_channels AS
SELECT showings.*, deeds.channel AS bought
FROM showings
LEFT JOIN (SELECT place, min(deed) AS deed FROM credits GROUP BY place) AS first USING (place)
LEFT JOIN deeds USING (deed);

-- Everything that measures count, with where it was seen and where it was bought; amounts are
-- whole (money in millionths, time in microseconds), so that sums are exact.
CREATE OR REPLACE TABLE counted AS
WITH paid AS (
    SELECT lines.*, bought.seen, bought.channel AS bought, bought_in.seen AS seen_in,
        CASE lines.type WHEN 'purchase' THEN 1 ELSE -1 END AS sign
    FROM lines
    LEFT JOIN bought ON bought.deed = lines.purchase
    LEFT JOIN bought_in ON bought_in.deed = lines.purchase
), people AS (
    SELECT customer_channels.*, customer_measures.* EXCLUDE (profile_id)
    FROM customer_channels JOIN customer_measures USING (profile_id)
), repeats AS (
    SELECT people.profile_id, first_orders, repeat_orders, orders.seen, orders.bought
    FROM people JOIN orders USING (profile_id)
    QUALIFY row_number() OVER (PARTITION BY people.profile_id ORDER BY orders.deed) = 1
), told AS (
    SELECT 'line_sales' AS unit, profile_id, seen, bought, value AS amount FROM paid WHERE sign > 0
    UNION ALL SELECT 'line_returned', profile_id, seen, bought, value FROM paid WHERE sign < 0
    UNION ALL SELECT 'line_revenue', profile_id, seen, bought, sign * value FROM paid
    UNION ALL
    SELECT 'line_contribution', profile_id, seen, bought, sign * (value - cost) FROM paid
    UNION ALL SELECT 'visit_revenue', profile_id, seen_in, bought, sign * value FROM paid
    UNION ALL
    SELECT 'visit_contribution', profile_id, seen_in, bought, sign * (value - cost) FROM paid
    UNION ALL SELECT 'orders', profile_id, seen, bought, 1 FROM orders
    UNION ALL SELECT 'order_sales', profile_id, seen, bought, sales FROM orders
    UNION ALL SELECT 'visits', profile_id, channel, bought, 1 FROM visit_channels
    UNION ALL
    SELECT 'visit_seconds', profile_id, channel, bought, end_us - begin_us FROM visit_channels
    UNION ALL SELECT 'considered', profile_id, channel, bought, considered FROM visit_channels
    UNION ALL SELECT 'carts', profile_id, seen, bought, 1 FROM cart_channels
    UNION ALL SELECT 'carts_left', profile_id, seen, bought, 1 FROM cart_channels WHERE is_left
    UNION ALL SELECT 'people', profile_id, seen, bought, people FROM people
    UNION ALL SELECT 'visitors', profile_id, seen, bought, visitors FROM people
    UNION ALL SELECT 'buyers', profile_id, seen, bought, buyers FROM people
    UNION ALL SELECT 'referrals', profile_id, seen, bought, referrals FROM people
    UNION ALL SELECT 'early', profile_id, seen, early_bought, early FROM people
    UNION ALL SELECT 'retained', profile_id, seen, early_bought, retained FROM people
    UNION ALL SELECT 'first_orders', profile_id, seen, bought, first_orders FROM repeats
    UNION ALL SELECT 'repeat_orders', profile_id, seen, bought, repeat_orders FROM repeats
    UNION ALL SELECT 'shown', profile_id, channel, bought, 1 FROM shown_channels
    UNION ALL SELECT 'clicks', profile_id, channel, bought, 1 FROM shown_channels WHERE is_clicked
    UNION ALL
    SELECT 'accepted', profile_id, channel, bought, 1 FROM shown_channels WHERE is_accepted
    UNION ALL
    SELECT 'declined', profile_id, channel, bought, 1 FROM shown_channels WHERE is_declined
    UNION ALL
    SELECT 'ratings', profile_id, channel, bought, 1 FROM said WHERE rating IS NOT NULL
    UNION ALL SELECT 'rating_sum', profile_id, channel, bought, rating FROM said
    UNION ALL
    SELECT 'opt_outs', profile_id, shown, bought, 1 FROM said WHERE objects AND type <> 'complaint'
    UNION ALL
    SELECT 'complaints', profile_id, shown, bought, 1 FROM said
    WHERE objects AND type = 'complaint'
)
SELECT unit, profile_id, coalesce(seen, 'UNSPECIFIED') AS seen,
    coalesce(bought, 'UNSPECIFIED') AS bought, amount::DOUBLE AS amount
FROM told WHERE amount <> 0;
