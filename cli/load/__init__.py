"""Open-loop load on the edge, as its callers make it, and what became of their deadlines."""
