"""Plays recorded events against scenarios with the code that runs them live."""
