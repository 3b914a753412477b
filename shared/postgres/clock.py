"""The business clock kept by PostgreSQL: its time plus the one offset, read about every second."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from shared.bus.port import Bus
from shared.bus.subjects import CLOCK_MOVED
from shared.clock import from_us, refuse_move
from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.postgres.database import Database
from shared.postgres.queries import Queries

REFRESH_S = 1.5
"""After which it is read where nobody else did; health does every second, to see who answers."""
_QUERIES = Queries.beside(__file__, "clock.sql")
log = get_logger(__name__)


@contextlib.asynccontextmanager
async def open_clock(
    database: Database, *, development: bool, bus: Bus | None = None
) -> AsyncIterator[DatabaseClock]:
    """Read the time once and keep it fresh; raises `Unavailable` when it cannot be read at first.

    With a bus, a move on another replica is known at once instead of within a second.
    """
    clock = DatabaseClock(database, development=development)
    await clock.refresh()
    if bus is not None:
        await clock.listen(bus)
    task = asyncio.create_task(clock.run())
    try:
        yield clock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class DatabaseClock:
    """Between two readings it runs on the machine's monotonic clock; see `BusinessClock`."""

    def __init__(self, database: Database, *, development: bool) -> None:
        self.offset_us = 0
        self._database = database
        self._development = development
        self._bus: Bus | None = None
        self._ahead_us = 0
        self._latest_us = 0
        self._refresh_now = asyncio.Event()
        self._asked_at = float("-inf")

    def now(self) -> datetime:
        return from_us(self.now_us())

    def now_us(self) -> int:
        """Return the time; it stands still rather than going back when the server's was set."""
        now_us = time.monotonic_ns() // 1000 + self._ahead_us
        if now_us > self._latest_us:
            self._latest_us = now_us
        return self._latest_us

    async def move(self, by: timedelta) -> datetime:
        refuse_move(by, self._development)
        await self._database.fetchval(_QUERIES.move_clock, by // timedelta(microseconds=1))
        await self.refresh()
        if self._bus is not None:
            await self._bus.notify(CLOCK_MOVED)
        return self.now()

    async def listen(self, bus: Bus) -> None:
        """Tell of moves, and hear of them, over the bus."""
        self._bus = bus
        await bus.on_notice(CLOCK_MOVED, lambda _: self._refresh_now.set())

    async def refresh(self) -> None:
        """Read the server's time and the offset; raises `Unavailable`."""
        self._asked_at = time.monotonic()
        before_us = time.monotonic_ns() // 1000
        row = await self._database.fetchrow(_QUERIES.read_clock)
        after_us = time.monotonic_ns() // 1000
        assert row is not None, "the schema of the clock is not provisioned"
        self.offset_us = row["offset_us"]
        self._ahead_us = row["server_us"] + self.offset_us - (before_us + after_us) // 2

    async def run(self) -> None:
        """Refresh for ever, whenever nobody has for a while."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._left_s()):
                    await self._refresh_now.wait()
            if not self._refresh_now.is_set() and self._left_s() > 0:
                continue
            self._refresh_now.clear()
            try:
                await self.refresh()
            except TouchpointError as error:
                log.warning("clock_not_refreshed", reason=error.reason)

    def _left_s(self) -> float:
        """Return the seconds until it is to be asked for again, however the last time ended."""
        return self._asked_at + REFRESH_S - time.monotonic()
