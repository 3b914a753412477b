"""Retrieval: what could be proposed? Owns the catalogue."""
