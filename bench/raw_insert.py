"""Inserts plain rows as fast as PostgreSQL takes them from four connections."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg

from shared.postgres.queries import Queries

CONNECTIONS = 4
ROWS = 100
"""Of one statement, each a transaction of its own."""
_BODY_BYTES = 200
_TIMEOUT_S = 30.0
_QUERIES = Queries.beside(__file__, "raw_insert.sql")


@asynccontextmanager
async def raw_inserts(url: str) -> AsyncIterator[RawInserts]:
    """Lend a table to insert into, in a schema of its own that is dropped at the end."""
    async with AsyncExitStack() as stack:
        connections = []
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(url, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S)
            stack.push_async_callback(connection.close)
            await connection.execute("SET synchronous_commit = on")
            connections.append(connection)
        await connections[0].execute(_QUERIES.make_schema)
        stack.push_async_callback(connections[0].execute, _QUERIES.drop_schema)
        await connections[0].execute(_QUERIES.make_table)
        yield RawInserts(connections)


class RawInserts:
    """Some connections that insert at once."""

    def __init__(self, connections: Sequence[asyncpg.Connection]) -> None:
        self._connections = connections

    async def rows_per_s(self, duration_s: float) -> float:
        """Insert for so long and return the committed rows a second."""
        start = time.perf_counter()
        until = start + duration_s
        each = (_insert_until(connection, until) for connection in self._connections)
        rows = sum(await asyncio.gather(*each))
        return rows / (time.perf_counter() - start)


async def _insert_until(connection: asyncpg.Connection, until: float) -> int:
    statement = await connection.prepare(_QUERIES.insert_events)
    rest = _columns()
    rows = 0
    while time.perf_counter() < until:
        await statement.fetch([uuid.uuid4() for _ in range(ROWS)], *rest)
        rows += ROWS
    return rows


def _columns() -> Sequence[Sequence[Any]]:
    """Return all columns but the key; made once, so that making them costs the rate nothing."""
    chance = random.Random(1)
    return (
        [uuid.uuid4() for _ in range(ROWS)],
        ["view"] * ROWS,
        [datetime.now(UTC)] * ROWS,
        [1] * ROWS,
        ["a-session-of-some-visit"] * ROWS,
        [chance.randbytes(_BODY_BYTES) for _ in range(ROWS)],
    )
