"""The six services of Touchpoint, one shape each."""
