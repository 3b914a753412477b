"""Simulated shoppers of a known taste: what learning costs, and how soon it follows a change."""
