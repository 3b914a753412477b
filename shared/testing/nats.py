"""Empties a NATS server between tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from nats.js.manager import JetStreamManager

from shared.bus import STREAMS


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """Lend a connection of the driver's own."""
    client = await nats.connect(url)
    try:
        yield client
    finally:
        await client.close()


async def remove_streams(url: str) -> None:
    """Make a server as good as new: every stream of ours is gone."""
    async with connected(url) as client:
        manager = JetStreamManager(client)
        for stream in STREAMS:
            try:
                await manager.delete_stream(stream.name)
            except NotFoundError:
                continue
