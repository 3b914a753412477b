-- Apart from the column's own transaction, which keeps out reads as well: contacts are kept for more than
-- a year, and while their index is built they are read on.
CREATE INDEX contacts_confirmed_by ON contacts (confirmed_by) WHERE confirmed_by <> '';
