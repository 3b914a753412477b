"""How the profile's ports are kept: PostgreSQL, and in memory for tests."""

from pathlib import Path

from shared.postgres import Queries

MIGRATIONS = Path(__file__).parent / "migrations"
QUERIES = Queries.beside(__file__)
