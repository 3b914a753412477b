"""Requests that nobody means, made of the contracts, and what became of them."""
