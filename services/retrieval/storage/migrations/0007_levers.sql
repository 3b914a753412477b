-- What somebody set by hand, beside the offer's own lever; an import leaves it as it is.
ALTER TABLE offers ADD COLUMN set_lever double precision NOT NULL DEFAULT 1;
-- Until when, business time; 0: until it is set anew.
ALTER TABLE offers ADD COLUMN set_lever_until_us bigint NOT NULL DEFAULT 0;
CREATE INDEX offers_set_lever ON offers (offer_no) WHERE set_lever <> 1;

-- Who set what, when and why; rows only ever follow.
CREATE TABLE lever_changes (
    change_no  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    offer_no   integer NOT NULL REFERENCES offers,
    lever      double precision NOT NULL,
    until_us   bigint NOT NULL,
    why        text NOT NULL,
    changed_by text NOT NULL,
    caller     text NOT NULL,
    changed_us bigint NOT NULL
);
CREATE INDEX lever_changes_offer ON lever_changes (offer_no, change_no);
