-- Messages that are sent because people are to be told of an offer, and for no journey.
ALTER TABLE errands
    ADD COLUMN campaign       text NOT NULL DEFAULT '',  -- empty: it is of none
    ADD COLUMN campaign_offer text NOT NULL DEFAULT '';  -- what it tells of

CREATE INDEX errands_campaign ON errands (campaign, campaign_offer) WHERE campaign <> '';
