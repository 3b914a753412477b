"""Who is this, now? Owns identities, profiles and events."""
