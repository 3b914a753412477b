"""Connections that tests have one after another: what a server learns on one is dear.

A new one costs server and driver some milliseconds, and each statement its first plan.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.postgres import Database, Leadership, Limits
from shared.postgres.pool import Pool

_STATEMENTS = 512


class _Kept(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    """Is laid aside instead of closed, without what was set on it."""

    aside: list[_Kept]

    async def close(self, *, timeout: float | None = None) -> None:
        if self.is_closed() or self.is_in_transaction():
            await super().close(timeout=timeout)
        else:
            await self.reset(timeout=timeout)
            self.aside.append(self)


class KeptConnections:
    """The connections of one service to one database."""

    def __init__(self, url: str, application: str, limits: Limits) -> None:
        self.url = url
        self._application = application
        self._limits = limits
        self._aside: list[_Kept] = []

    @asynccontextmanager
    async def database(self, connections: int) -> AsyncIterator[Database]:
        """Lend a database as `open_database` does, on kept connections where there are any."""
        pool = Pool(self._connected, connections, self._limits.acquire_s)
        await pool.open()
        leadership = Leadership(self.url, self._application, self._limits)
        try:
            yield Database(pool, self._limits, leadership)
        finally:
            await leadership.close()
            await pool.close(self._limits.command_s)

    @property
    def processes(self) -> list[int]:
        """Return the server's processes behind those that are laid aside."""
        return [each.get_server_pid() for each in self._aside if not each.is_closed()]

    def end(self) -> None:
        """Hang up on all that are laid aside."""
        while self._aside:
            self._aside.pop().terminate()

    async def _connected(self) -> Any:
        while self._aside:
            kept = self._aside.pop()
            if not kept.is_closed():
                return kept
        made = await asyncpg.connect(
            self.url,
            connection_class=_Kept,
            timeout=self._limits.connect_s,
            command_timeout=self._limits.command_s,
            server_settings=self._limits.server_settings(self._application),
            statement_cache_size=_STATEMENTS,
            max_cached_statement_lifetime=0,
        )
        made.aside = self._aside
        return made
