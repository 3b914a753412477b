"""Audiences: whom to tell of an offer, what is expected of it, and telling them."""
