"""Answers of the suite as people read them on a terminal."""
