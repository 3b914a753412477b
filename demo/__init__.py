"""Data to try Touchpoint on: a made-up shop and a year of a real grocer."""
