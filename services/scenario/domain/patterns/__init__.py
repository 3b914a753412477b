"""Patterns in what people did: what ends in leaving, where checkouts are left, what rises."""
