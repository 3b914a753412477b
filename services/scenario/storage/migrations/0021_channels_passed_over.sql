-- The channels that a message did not go by: [{"channel": 3, "likelihood": 0.1, "reason": "NO_CONSENT"}].
ALTER TABLE errands ADD COLUMN passed_over jsonb NOT NULL DEFAULT '[]';
