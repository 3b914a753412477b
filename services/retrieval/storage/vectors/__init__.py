"""Vectors that are searched by nearness: how an index is chosen, measured, kept and asked."""
