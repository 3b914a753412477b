"""The echo service behind a real web server, and raw connections to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from shared.middleware.order import layers
from shared.setting_types import Listen
from shared.transport import web_server
from shared.transport.cors import with_cors
from shared.transport.http import NO_DOORS, Doors, http_app
from shared.transport.routes import routes
from shared.transport.web_protocol import WebProtocol
from tests.grpc.kit.echo import EchoServicer, echo_binding

STATES = {"postgres": "ok", "rules": "has not answered"}
LARGEST = 64 * 1024


@asynccontextmanager
async def served_at(
    servicer: EchoServicer,
    *,
    is_ready: bool = True,
    origins: tuple[str, ...] = (),
    doors: Doors = NO_DOORS,
    protocol: type[WebProtocol] = WebProtocol,
) -> AsyncIterator[Listen]:
    """Serve an echo over HTTP and lend its address."""
    binding = echo_binding(servicer)
    found = routes([binding], layers([binding]))
    app = http_app(found, lambda: (is_ready, STATES), LARGEST, doors)
    crossing = with_cors(app, origins, guarded=doors.beacons)
    async with web_server.served(crossing, Listen("127.0.0.1", 0), protocol) as address:
        yield address


@asynccontextmanager
async def served(
    servicer: EchoServicer,
    *,
    is_ready: bool = True,
    origins: tuple[str, ...] = (),
    doors: Doors = NO_DOORS,
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an echo over HTTP and lend a client of it."""
    serving = served_at(servicer, is_ready=is_ready, origins=origins, doors=doors)
    async with (
        serving as address,
        httpx.AsyncClient(base_url=f"http://{address}", verify=False) as client,
    ):
        yield client


async def said(address: Listen, data: bytes) -> bytes:
    """Say something on a connection of its own and return all that is answered until it closes."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
