-- What the model saw, with nothing left of whose it was: an encoding of version 2 is its number, the
-- layout, how many indices (two bytes, the lower first) and characteristics follow, an offset of four
-- bytes, and both, of four bytes each.
CREATE FUNCTION without_characteristics(features bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN length(features) < 9 THEN features
        WHEN get_byte(features, 0) <> 2 OR get_byte(features, 4) = 0 THEN features
        WHEN length(features) <> 9 + 4 * (
            get_byte(features, 2) + 256 * get_byte(features, 3) + get_byte(features, 4)
        ) THEN features
        ELSE set_byte(
            substring(features FROM 1 FOR 9 + 4 * (get_byte(features, 2) + 256 * get_byte(features, 3))),
            4, 0)
    END
$$;
