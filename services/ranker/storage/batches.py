"""Upkeep of tables in batches, so that no statement takes long, however much has aged."""

from __future__ import annotations

from shared.postgres import Database

AT_ONCE = 5_000
"""Rows; some tenths of a second, where a statement may take two seconds."""


async def in_batches(database: Database, query: str, *args: object) -> int:
    """Run a statement, which returns how many rows it changed, until it finds none; return all."""
    changed = 0
    while found := int(await database.fetchval(query, *args)):
        changed += found
    return changed
