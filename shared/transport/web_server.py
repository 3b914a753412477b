"""Serves an ASGI application on a port, in the loop of a process that minds its own signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from shared.setting_types import Listen
from shared.tls import ServerTls
from shared.transport.asgi import App
from shared.transport.listening import take_socket
from shared.transport.web_protocol import WebProtocol

_GRACE_S = 2
"""Longer than any single answer may take."""


_IDLE_S = 65
"""Longer than a client keeps a connection for its next request: else both sides race."""

HANDSHAKE_S = 3.0
"""From the connection to the end of the handshake of TLS, before which no other limit holds; the
loop's own is a minute."""
_GOODBYE_S = 2.0
"""For a peer's answer to the end of TLS."""


@asynccontextmanager
async def served(
    app: App,
    wanted: Listen,
    protocol: type[WebProtocol] = WebProtocol,
    tls: ServerTls | None = None,
) -> AsyncIterator[Listen]:
    """Serve within the context and lend the address, by TLS if so told; raises PortTakenError.

    On leaving it, answers that were begun are finished.
    """
    taken, address = take_socket(wanted)
    config = uvicorn.Config(
        app,
        http=protocol,
        loop="none",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here depends on a caller's address
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )
    if tls is not None:
        config.load()
        config.ssl = tls.web_context()
    server = _Uvicorn(config)
    task = asyncio.create_task(server.serve(sockets=[taken]), name="http")
    try:
        yield address
    finally:
        server.stop()
        await task
        with contextlib.suppress(OSError):
            taken.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers, and told to stop instead of looking all the time."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen as uvicorn does, and let go of who says too little for TLS to begin."""
        config, loop = self.config, asyncio.get_running_loop()
        await self.lifespan.startup()
        patience = {"ssl_handshake_timeout": HANDSHAKE_S, "ssl_shutdown_timeout": _GOODBYE_S}

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        told: dict[str, Any] = {"ssl": config.ssl, "backlog": config.backlog}
        told |= patience if config.ssl else {}
        self.servers = [
            await loop.create_server(protocol, sock=each, **told) for each in sockets or ()
        ]
        self.started = True

    def stop(self) -> None:
        """Take no more connections, and end when what was begun is answered."""
        self.should_exit = True
        self._stopped.set()

    async def main_loop(self) -> None:
        """Keep the date of answers, until stopped."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopped.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield
