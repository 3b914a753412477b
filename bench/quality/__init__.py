"""Measures how good candidates are, on real shops held back in time, beside simple rivals."""
