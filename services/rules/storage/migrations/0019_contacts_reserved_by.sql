-- Which caller of the edge reserved a contact, who alone may give it back; empty: nobody of them.
ALTER TABLE contacts ADD COLUMN reserved_by text NOT NULL DEFAULT '';
