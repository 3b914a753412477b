"""Opening a database: all connections at once, none later on a request's path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.postgres.failures import FAILURES, translated
from shared.postgres.leadership import Leadership
from shared.postgres.limits import Limits
from shared.postgres.pool import Database

_DEFAULT = Limits()


@asynccontextmanager
async def open_database(
    url: str, *, application: str, connections: int, limits: Limits = _DEFAULT
) -> AsyncIterator[Database]:
    """Connect `connections` times to `url` as one service; `Unavailable` when that fails."""
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=connections,
            max_size=connections,
            max_queries=float("inf"),
            max_inactive_connection_lifetime=0,
            timeout=limits.connect_s,
            command_timeout=limits.command_s,
            server_settings=limits.server_settings(application),
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            reset=_keep_session,
        )
    except FAILURES as error:
        raise translated(error) from error
    leadership = Leadership(url, application, limits)
    try:
        yield Database(pool, connections, limits, leadership)
    finally:
        await leadership.close()
        await _close(pool, limits)


async def _keep_session(connection: Any) -> None:
    """Do nothing: ours never change a session, so the driver's RESET is a lost round trip."""


async def _close(pool: Any, limits: Limits) -> None:
    """Say good-bye to the server, but not for longer than a command may take."""
    try:
        async with asyncio.timeout(limits.command_s):
            await pool.close()
    except TimeoutError:
        pool.terminate()
