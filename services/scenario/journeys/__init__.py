"""Journeys as they go: what is so of a person, what happened, and what is due."""
