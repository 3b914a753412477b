-- name: end_others
-- What a test left open would hold locks. Waits until each has ended.
SELECT pg_terminate_backend(pid, 5000)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL ($1::int[])

-- name: shape
-- One value that differs when anything was defined, altered, granted or dropped. What is not the
-- server's own has numbers from 16384 on; a changed line of the system tables has another xmin,
-- but for pg_class, whose lines change with the size of a table.
SELECT md5(string_agg(line, ' ' ORDER BY line))
FROM (
    SELECT concat_ws(',', 'class', oid, relname, relowner, relacl, reloptions)
    FROM pg_class WHERE oid >= 16384
    UNION ALL
    SELECT concat_ws(',', 'attribute', attrelid, attnum, xmin)
    FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL
    SELECT concat_ws(',', 'index', indexrelid, xmin) FROM pg_index WHERE indexrelid >= 16384
    UNION ALL
    SELECT concat_ws(',', 'default', oid, xmin) FROM pg_attrdef
    UNION ALL
    SELECT concat_ws(',', 'namespace', oid, xmin) FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_temp%' AND nspname NOT LIKE 'pg\_toast\_temp%'
    UNION ALL
    SELECT concat_ws(',', 'function', oid, xmin) FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT concat_ws(',', 'type', oid, xmin) FROM pg_type WHERE oid >= 16384
    UNION ALL
    SELECT concat_ws(',', 'constraint', oid, xmin) FROM pg_constraint WHERE oid >= 16384
    UNION ALL
    SELECT concat_ws(',', 'trigger', oid, xmin) FROM pg_trigger
) AS defined (line)

-- name: written_tables
-- Also those from which everything was deleted again.
SELECT nspname AS schema, relname AS name
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND pg_class.oid >= 16384 AND pg_relation_size(pg_class.oid) > 0

-- name: sequences
-- Null: never asked.
SELECT seqrelid AS sequence, pg_sequence_last_value(seqrelid) AS last FROM pg_sequence

-- name: without_triggers
-- Some tables refuse to be emptied.
SET session_replication_role = replica

-- name: word_truncate
SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schema, name), ', ') || ' CASCADE'
FROM unnest($1::text[], $2::text[]) AS written (schema, name)

-- name: set_sequences_back
SELECT setval(seqrelid, coalesce(kept.last, seqstart), kept.last IS NOT NULL)
FROM unnest($1::oid[], $2::bigint[]) AS kept (sequence, last)
JOIN pg_sequence ON seqrelid = kept.sequence
WHERE pg_sequence_last_value(seqrelid) IS DISTINCT FROM kept.last
