-- By which purchase something was accepted, so that who brings it back takes back the promotion that
-- was redeemed with it too. Of rows and answers of before nobody knows: 0 and an empty text.
ALTER TABLE learning_rows
    ADD COLUMN purchase bigint NOT NULL DEFAULT 0,
    ADD COLUMN bought_family_no bigint NOT NULL DEFAULT 0,
    ADD COLUMN order_id text NOT NULL DEFAULT '';
ALTER TABLE kept_answers
    ADD COLUMN bought_family_no bigint NOT NULL DEFAULT 0,
    ADD COLUMN order_id text NOT NULL DEFAULT '';
