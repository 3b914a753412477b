-- name: read_clock
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS server_us, offset_us
FROM clock.business_offset

-- name: move_clock
SELECT clock.move($1)
