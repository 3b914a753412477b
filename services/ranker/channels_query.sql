WITH parts AS (
    SELECT seen, bought, profile_id, sum(amount) / {part_parts} AS part
    FROM counted WHERE unit = '{part}' GROUP BY ALL
), wholes AS (
    SELECT {keys}profile_id, sum(amount) / {whole_parts} AS whole
    FROM counted WHERE unit = '{whole}' GROUP BY ALL
), pairs AS (
    SELECT DISTINCT seen, bought FROM parts{more}
), joined AS (
    SELECT seen, bought, coalesce(part, 0) AS part, coalesce(whole, 0) AS whole
    FROM (SELECT * FROM pairs JOIN wholes {using}) AS below
    FULL JOIN parts USING (seen, bought, profile_id)
), told AS (
    SELECT *, sum(part) OVER of_pair / nullif(sum(whole) OVER of_pair, 0) AS ratio
    FROM joined WINDOW of_pair AS (PARTITION BY seen, bought)
)
SELECT seen, bought, CASE WHEN sum(whole) <> 0 THEN count(*) ELSE 0 END AS people,
    sum(part) AS part, sum(whole) AS whole, coalesce(any_value(ratio), 0) AS value,
    sqrt(var_samp(part - ratio * whole) / count(*)) / avg(whole) AS error
FROM told WHERE part <> 0 OR whole <> 0 GROUP BY seen, bought ORDER BY seen, bought
