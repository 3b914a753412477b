"""What the edge decides by itself: budgets, digests, fallbacks, words; pure."""
