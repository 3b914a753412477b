"""How retrieval keeps the catalogue, and what it holds in memory of it."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
