"""Opening a database: all connections at once, so that none is made on a request's path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg

from shared.postgres.database import Database
from shared.postgres.leadership import Leadership
from shared.postgres.limits import Limits
from shared.postgres.pool import Pool

_DEFAULT = Limits()
_STATEMENTS = 512
"""Prepared statements kept per connection; more than all services' together have."""


@asynccontextmanager
async def open_database(
    url: str, *, application: str, connections: int, limits: Limits = _DEFAULT
) -> AsyncIterator[Database]:
    """Connect `connections` times to `url` as one service; `Unavailable` when that fails."""
    connect = partial(
        asyncpg.connect,
        url,
        timeout=limits.connect_s,
        command_timeout=limits.command_s,
        server_settings=limits.server_settings(application),
        statement_cache_size=_STATEMENTS,
        max_cached_statement_lifetime=0,
    )
    pool = Pool(connect, connections, limits.acquire_s)
    await pool.open()
    leadership = Leadership(url, application, limits)
    try:
        yield Database(pool, limits, leadership)
    finally:
        await leadership.close()
        await pool.close(limits.command_s)
