-- What a bundle says of how people are shared out (a serialised Bundle with nothing else), so that when experiments
-- began and ended is read off the record of versions without reading whole bundles. Null: not made yet.
ALTER TABLE bundles ADD COLUMN sharing bytea;
