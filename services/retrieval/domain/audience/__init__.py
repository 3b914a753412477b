"""Audiences: who is like some people, by what they do."""
