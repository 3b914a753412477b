"""Experiments: are two groups of people treated differently of any difference, and since when."""
