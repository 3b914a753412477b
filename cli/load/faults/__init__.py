"""A rehearsal: each service in turn is dead, frozen and slow while callers ask."""
