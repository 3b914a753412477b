"""A fixed number of connections, made at the start and mended beside the requests.

The driver's own pool resets a connection after each use (a round trip and a task), waits without
end or leaks when its waiter gives up (asyncpg#547, #1156), and reconnects on a request's path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asyncpg import PostgresError

from shared.errors import Overloaded, TouchpointError, Unavailable
from shared.logging import get_logger
from shared.postgres.connection import Connection, Transaction
from shared.postgres.failures import FAILURES, gone, translated

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_SETTLE_S = 0.1
"""A statement left by its caller gets this long to end; nearly all take a few milliseconds."""
log = get_logger(__name__)

Connect = Callable[[], Awaitable[Any]]
Rehearsal = Callable[[Transaction], Awaitable[object]]
"""Work whose statements a connection should know before it is lent."""


class Pool:
    """Lends connections, the one used last first, so that the server's caches stay warm."""

    def __init__(self, connect: Connect, size: int, acquire_s: float) -> None:
        self._connect = connect
        self._acquire_s = acquire_s
        self._size = size
        self._rehearsal: Rehearsal | None = None
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._waiting: list[asyncio.Future[Connection]] = []
        self._mending: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()
        self._closed = False

    async def open(self) -> None:
        """Connect all at once; raises the kit's errors."""
        found = await asyncio.gather(
            *(self._connected() for _ in range(self._size)), return_exceptions=True
        )
        self._idle = [each for each in found if isinstance(each, Connection)]
        for failure in found:
            if isinstance(failure, BaseException):
                await self.close(0.1)
                raise failure

    async def rehearse(self, rehearsal: Rehearsal) -> None:
        """Do work on every connection and on each one made later, and roll it back."""
        self._rehearsal = rehearsal
        # Each takes its connection before it first waits, so each takes another one.
        await asyncio.gather(*(self._rehearse_one(rehearsal) for _ in range(self._size)))

    async def _rehearse_one(self, rehearsal: Rehearsal) -> None:
        connection = await self.take()
        try:
            await connection.rehearse(rehearsal)
        finally:
            self.give_back(connection)

    async def take(self) -> Connection:
        """Lend a connection; every take must be followed by `give_back`.

        Raises `Overloaded` when all stay lent out, `Unavailable` when the server is away.
        """
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                self._lent.add(connection)
                return connection
        self._mend()
        return await self._wait()

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, or in its place make a new one if it cannot be used again."""
        self._lent.discard(connection)
        if self._closed:
            connection.give_up()
        elif connection.is_usable:
            self._hand_on(connection)
        elif connection.is_left:
            self._lent.add(connection)
            task = asyncio.create_task(self._settle(connection))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
        else:
            connection.give_up()
            self._mend()

    async def _settle(self, connection: Connection) -> None:
        await connection.settle(_SETTLE_S)
        self.give_back(connection)

    async def close(self, timeout_s: float) -> None:
        """Say good-bye on idle connections and hang up on those still lent out."""
        self._closed = True
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.gather(self._mending, return_exceptions=True)
        for connection in self._lent:
            connection.give_up()
        await asyncio.gather(*self._settling, return_exceptions=True)
        await asyncio.gather(*(each.close(timeout_s) for each in self._idle))

    async def _wait(self) -> Connection:
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self._acquire_s):
                return await waiter
        except TimeoutError:
            if waiter.done() and not waiter.cancelled():
                return waiter.result()  # it came in the very moment when the time was up
            if not self._lent:
                raise gone() from None
            raise Overloaded("no database connection came free in time") from None
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.give_back(waiter.result())
            raise
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _hand_on(self, connection: Connection) -> None:
        while self._waiting:
            waiter = self._waiting.pop(0)
            if not waiter.done():
                self._lent.add(connection)
                waiter.set_result(connection)
                return
        self._idle.append(connection)

    def _mend(self) -> None:
        missing = self._size - len(self._idle) - len(self._lent)
        if missing > 0 and (self._mending is None or self._mending.done()) and not self._closed:
            self._mending = asyncio.create_task(self._mend_all())

    async def _mend_all(self) -> None:
        """Connect again until as many are there as shall be."""
        pause_s = _FIRST_PAUSE_S
        while len(self._idle) + len(self._lent) < self._size:
            try:
                connection = await self._connected()
                await self._get_warm(connection)
                self._hand_on(connection)
                pause_s = _FIRST_PAUSE_S
            except (TouchpointError, PostgresError) as error:
                log.warning("database_not_reached", error=type(error).__name__)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _get_warm(self, connection: Connection) -> None:
        if self._rehearsal is None:
            return
        try:
            await connection.rehearse(self._rehearsal)
        except (TouchpointError, PostgresError) as error:
            # Cold is slow, and not wrong.
            log.warning("connection_not_warm", error=type(error).__name__)

    async def _connected(self) -> Connection:
        try:
            return Connection(await self._connect())
        except FAILURES as error:
            raise translated(error) from error
        except PostgresError as error:
            raise Unavailable("the database refuses us", reason="DATABASE_REFUSES") from error
