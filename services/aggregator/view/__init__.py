"""The single customer view: who it is, what passed, and what to do next."""
