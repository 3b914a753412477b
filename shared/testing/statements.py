"""Checks that statement files and schema agree."""

from __future__ import annotations

import asyncpg

from shared.postgres import Queries


async def refuted_statements(url: str, *files: Queries) -> dict[str, str]:
    """Return name to complaint of the statements that the server cannot prepare on its schema."""
    refuted: dict[str, str] = {}
    connection = await asyncpg.connect(url)
    try:
        for queries in files:
            for name in queries:
                try:
                    await connection.prepare(queries[name])
                except asyncpg.PostgresError as error:
                    refuted[name] = str(error)
    finally:
        await connection.close()
    return refuted
