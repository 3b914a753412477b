"""How the scenario service keeps what it owns."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
