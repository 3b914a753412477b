"""Checks that statement files and schema agree, and how statements are worked."""

from __future__ import annotations

import asyncpg

from shared.postgres import Database, Queries


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


async def forgetting_plan(database: Database, statement: str, args: tuple[int, ...]) -> str:
    """Return how a statement is worked that `Database.forget_slice` is given."""
    given = ", ".join(map(str, args))
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL enable_seqscan = off")
        await transaction.execute(f"PREPARE forget AS {statement}")
        rows = await transaction.fetch(f"EXPLAIN EXECUTE forget ({given})")
        await transaction.execute("DEALLOCATE forget")
    return "\n".join(row["QUERY PLAN"] for row in rows)
