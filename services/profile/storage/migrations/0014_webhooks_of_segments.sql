-- How far each receiver has been told who entered and left segments.
ALTER TABLE webhooks ADD COLUMN memberships_position bigint NOT NULL DEFAULT 0;
