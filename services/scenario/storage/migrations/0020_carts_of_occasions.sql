-- The items of the cart that a scenario was come towards with, where it is about one: whoever leaves
-- the same cart again has left one.
ALTER TABLE tallies ADD COLUMN cart_nos bigint[] NOT NULL DEFAULT '{}';
