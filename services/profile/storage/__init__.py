"""How the profile's ports are kept: PostgreSQL, and in memory for tests."""

from pathlib import Path

from shared.postgres import Queries

MIGRATIONS = Path(__file__).parent / "migrations"
QUERIES = Queries.beside(__file__)
TRANSFER = Queries.beside(__file__, "transfer.sql")
"""What leaves for a warehouse or comes from another home."""
AUDIENCES = Queries.beside(__file__, "audiences.sql")
"""Everybody, and who is in which segment."""
