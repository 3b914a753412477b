"""How rules keeps bundles, the contact ledger and decisions in PostgreSQL, and what feeds it."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
