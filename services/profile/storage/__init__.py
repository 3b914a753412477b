"""How the profile's ports are kept: PostgreSQL, and in memory for tests."""
