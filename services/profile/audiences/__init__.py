"""Audiences: who a segment means, and what makes them different from all others."""
