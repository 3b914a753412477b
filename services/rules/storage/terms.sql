-- name: all_terms
SELECT offer_no, version, since_us, terms FROM offer_terms ORDER BY offer_no, version

-- name: add_terms
-- One version; nothing where it is the same as the one before it. Another replica may have written it.
INSERT INTO offer_terms (offer_no, version, since_us, terms)
SELECT $1, $2, $3, $4
WHERE NOT EXISTS (
    SELECT FROM (
        SELECT terms FROM offer_terms WHERE offer_no = $1 AND version <= $2
        ORDER BY version DESC
        LIMIT 1
    ) AS before
    WHERE before.terms = $4
)
ON CONFLICT (offer_no, version) DO NOTHING

-- name: forget_terms
-- What others followed long ago, where no promise is kept that was made before they did.
WITH followed AS MATERIALIZED (
    SELECT offer_no, version, until_us
    FROM (
        SELECT offer_no, version,
            lead(since_us) OVER (PARTITION BY offer_no ORDER BY version) AS until_us
        FROM offer_terms
    ) AS each
    WHERE until_us < $1
), gone AS (
    DELETE FROM offer_terms t USING followed f
    WHERE t.offer_no = f.offer_no AND t.version = f.version
        AND NOT EXISTS (
            SELECT FROM promises p WHERE p.offer_no = f.offer_no AND p.made_us < f.until_us)
    RETURNING 1
)
SELECT count(*) FROM gone
