SELECT {by}, count(*) AS people, sum(part) AS part, sum(whole) AS whole, any_value(ratio) AS value,
    sqrt(var_samp(part - ratio * whole) / count(*)) / avg(whole) AS error
FROM (
    SELECT {by}, {part} AS part, {whole} AS whole,
        sum({part}) OVER (PARTITION BY {by}) / sum({whole}) OVER (PARTITION BY {by}) AS ratio
    FROM {table} WHERE {part} <> 0 OR {whole} <> 0)
WHERE isfinite(ratio) GROUP BY {by} ORDER BY {by}
