-- To whom an event's id belongs among those whom its caller speaks for: the pseudonym of one of its
-- identities. Null: to the caller alone. With it the id is known again when the log is restored.
ALTER TABLE events ADD COLUMN owner_key bytea;
