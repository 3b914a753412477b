"""Writes definitions to begin with out of the data that is there."""
