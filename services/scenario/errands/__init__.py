"""Errands: what journeys bring about outside of them, done once each."""
