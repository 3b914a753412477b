"""One service's schema: statements committed by themselves, and transactions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.postgres.connection import Connection, Row, Transaction
from shared.postgres.leadership import Leadership
from shared.postgres.limits import Limits
from shared.postgres.pool import Pool, Rehearsal


class Database:
    """One service's schema; every wait is bounded, every failure is one of the kit's errors.

    Raises `Overloaded` when no connection comes free, `Unavailable` when the server is away or too
    slow, `Aborted` when a concurrent change won; other errors of the driver are our own defects.
    """

    __slots__ = ("_pool", "leadership", "limits", "outbox_written")

    def __init__(self, pool: Pool, limits: Limits, leadership: Leadership) -> None:
        self._pool = pool
        self.limits = limits
        self.leadership = leadership
        self.outbox_written = asyncio.Event()
        """Set after a commit that wrote outbox rows; the relay waits for it.

        Whoever calls a function in the database that writes the outbox sets it too.
        """

    async def fetch(self, query: str, *args: object, timeout_s: float | None = None) -> list[Row]:
        """Return all rows of one statement, committed by itself."""
        connection = await self._pool.take()
        try:
            return await connection.fetch(query, *args, timeout_s=timeout_s)
        finally:
            self._pool.give_back(connection)

    async def fetchrow(
        self, query: str, *args: object, timeout_s: float | None = None
    ) -> Row | None:
        """Return the first row of one statement, or None."""
        connection = await self._pool.take()
        try:
            return await connection.fetchrow(query, *args, timeout_s=timeout_s)
        finally:
            self._pool.give_back(connection)

    async def fetchval(self, query: str, *args: object, timeout_s: float | None = None) -> Any:
        """Return the first column of the first row of one statement, or None."""
        connection = await self._pool.take()
        try:
            return await connection.fetchval(query, *args, timeout_s=timeout_s)
        finally:
            self._pool.give_back(connection)

    async def execute(self, query: str, *args: object, timeout_s: float | None = None) -> str:
        """Run one statement, committed by itself, and return its status."""
        connection = await self._pool.take()
        try:
            return await connection.execute(query, *args, timeout_s=timeout_s)
        finally:
            self._pool.give_back(connection)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for several statements, each committed by itself."""
        connection = await self._pool.take()
        try:
            yield connection
        finally:
            self._pool.give_back(connection)

    async def rehearse(self, rehearsal: Rehearsal) -> None:
        """Do work once on every connection, and on each one made later, and roll it back.

        Preparing a statement, and reading the catalogue for it, takes a new connection 5 to 30 ms.
        """
        await self._pool.rehearse(rehearsal)

    @asynccontextmanager
    async def transaction(self, begin: str = "BEGIN") -> AsyncIterator[Transaction]:
        """Lend a connection inside a transaction: committed at the end, rolled back on any error.

        None of ours may last over a second: while one writes, nothing is vacuumed. `begin` may
        add an isolation level.
        """
        connection = await self._pool.take()
        connection.wrote_outbox = False
        try:
            await connection.execute(begin)
            try:
                yield connection
                await connection.execute("COMMIT")
            except BaseException:
                await connection.roll_back()
                raise
        finally:
            self._pool.give_back(connection)
        if connection.wrote_outbox:
            self.outbox_written.set()

    async def forget_slice(self, statement: str, *args: object) -> int:
        """Delete some of what is old, and return how many rows the statement says in its answer.

        The planner, which is not told the moment, takes a third of a table for older: it would read
        from the front, past all that is young, rather than ask the index for the few that are not.
        """
        async with self.transaction() as transaction:
            await transaction.execute("SET LOCAL enable_seqscan = off")
            return int(await transaction.fetchval(statement, *args))
