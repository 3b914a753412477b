"""A service's connections to its schema: every wait is bounded, every failure is one of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from asyncpg import InterfaceError

from shared.errors import Overloaded
from shared.postgres.failures import FAILURES, gone, translated
from shared.postgres.leadership import Leadership
from shared.postgres.limits import Limits

Row = Mapping[str, Any]
"""One row by column name; also indexable by position at run time."""
Answer = TypeVar("Answer")


class Connection:
    """The statements of one connection; failures leave it as the kit's errors."""

    __slots__ = ("_connection", "wrote_outbox")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.wrote_outbox = False
        """Set by whoever wrote an outbox row, so that the relay is woken after the commit."""

    async def fetch(self, query: str, *args: object, timeout_s: float | None = None) -> list[Row]:
        """Return all rows."""
        return await self._run(self._connection.fetch(query, *args, timeout=timeout_s))

    async def fetchrow(
        self, query: str, *args: object, timeout_s: float | None = None
    ) -> Row | None:
        """Return the first row, or None."""
        return await self._run(self._connection.fetchrow(query, *args, timeout=timeout_s))

    async def fetchval(self, query: str, *args: object, timeout_s: float | None = None) -> Any:
        """Return the first column of the first row, or None."""
        return await self._run(self._connection.fetchval(query, *args, timeout=timeout_s))

    async def execute(self, query: str, *args: object, timeout_s: float | None = None) -> str:
        """Run a statement and return its status, such as `UPDATE 3`."""
        return await self._run(self._connection.execute(query, *args, timeout=timeout_s))

    async def executemany(
        self, query: str, rows: Iterable[Sequence[object]], timeout_s: float | None = None
    ) -> None:
        """Run a statement once per row, pipelined; all or nothing."""
        await self._run(self._connection.executemany(query, rows, timeout=timeout_s))

    async def copy_rows(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        timeout_s: float | None = None,
    ) -> None:
        """Write rows with COPY into a table of the service's own schema."""
        await self._run(
            self._connection.copy_records_to_table(
                table, records=rows, columns=columns, timeout=timeout_s
            )
        )

    async def roll_back(self) -> None:
        """Undo the open transaction; a connection that cannot be asked to is given up."""
        if self._connection.is_closed():
            return
        try:
            await self._connection.execute("ROLLBACK")
        except (*FAILURES, InterfaceError):
            self._connection.terminate()

    async def _run(self, statement: Awaitable[Answer]) -> Answer:
        try:
            return await statement
        except FAILURES as error:
            raise translated(error) from error
        except InterfaceError as error:
            if self._connection.is_closed():
                raise gone() from error
            raise


Transaction = Connection
"""A connection inside a transaction, as `Database.transaction` hands it out."""


class Database:
    """One service's schema, reached over a fixed number of connections made at the start."""

    __slots__ = ("_free", "_pool", "leadership", "limits", "outbox_written")

    def __init__(self, pool: Any, connections: int, limits: Limits, leadership: Leadership) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(connections)
        self.limits = limits
        self.leadership = leadership
        self.outbox_written = asyncio.Event()
        """Set after a commit that wrote outbox rows; the relay waits for it."""

    async def fetch(self, query: str, *args: object, timeout_s: float | None = None) -> list[Row]:
        """Return all rows of one statement, committed by itself."""
        async with self.connection() as connection:
            return await connection.fetch(query, *args, timeout_s=timeout_s)

    async def fetchrow(
        self, query: str, *args: object, timeout_s: float | None = None
    ) -> Row | None:
        """Return the first row of one statement, or None."""
        async with self.connection() as connection:
            return await connection.fetchrow(query, *args, timeout_s=timeout_s)

    async def fetchval(self, query: str, *args: object, timeout_s: float | None = None) -> Any:
        """Return the first column of the first row of one statement, or None."""
        async with self.connection() as connection:
            return await connection.fetchval(query, *args, timeout_s=timeout_s)

    async def execute(self, query: str, *args: object, timeout_s: float | None = None) -> str:
        """Run one statement, committed by itself, and return its status."""
        async with self.connection() as connection:
            return await connection.execute(query, *args, timeout_s=timeout_s)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; `Overloaded` when none comes free within the limit."""
        await self._admit()
        try:
            try:
                held = await self._pool.acquire()
            except FAILURES as error:
                raise translated(error) from error
            # The pool's proxy refuses any use, even a question, once the server has hung up.
            connection = Connection(held._con)
            try:
                yield connection
            finally:
                await self._release(held)
        finally:
            self._free.release()
        if connection.wrote_outbox:
            self.outbox_written.set()

    @asynccontextmanager
    async def transaction(self, begin: str = "BEGIN") -> AsyncIterator[Transaction]:
        """Lend a connection inside a transaction: committed at the end, rolled back on any error.

        None of ours may last over a second: while one writes, nothing is vacuumed. `begin` may
        add an isolation level.
        """
        async with self.connection() as connection:
            await connection.execute(begin)
            try:
                yield connection
                await connection.execute("COMMIT")
            except BaseException:
                await connection.roll_back()
                raise

    async def _admit(self) -> None:
        """Wait for a free place: the pool itself would wait for ever, or leak when cancelled."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self.limits.acquire_s):
                await self._free.acquire()
        except TimeoutError as error:
            raise Overloaded("no database connection came free in time") from error

    async def _release(self, held: Any) -> None:
        """Give a connection back; the pool replaces one that cannot be made good again in time."""
        try:
            await self._pool.release(held, timeout=self.limits.command_s)
        except (*FAILURES, InterfaceError) as error:
            raise gone() from error
