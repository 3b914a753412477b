-- The channels that a call went before: [{"channel": 3, "likelihood": 0.1, "reason": "NO_CONSENT"}].
ALTER TABLE tasks ADD COLUMN passed_over jsonb NOT NULL DEFAULT '[]';
