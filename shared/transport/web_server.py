"""Serves an ASGI application on a port, in the loop of a process that minds its own signals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn

from shared.setting_types import Listen
from shared.transport.http import App
from shared.transport.listening import take_socket

_GRACE_S = 2
"""Longer than any single answer may take."""


@asynccontextmanager
async def served(app: App, wanted: Listen) -> AsyncIterator[Listen]:
    """Serve within the context and lend the address; raises PortTakenError.

    On leaving it, answers that were begun are finished.
    """
    taken, address = take_socket(wanted)
    config = uvicorn.Config(
        app,
        loop="none",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Uvicorn(config)
    task = asyncio.create_task(server.serve(sockets=[taken]), name="http")
    try:
        yield address
    finally:
        server.should_exit = True
        await task
        with contextlib.suppress(OSError):
            taken.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
