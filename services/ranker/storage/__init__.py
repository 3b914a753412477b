"""How the ranker keeps its journal."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
