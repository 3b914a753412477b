"""profile, (scenario beside retrieval), rules.Check, ranker, rules.Commit: one decision."""
