"""Servers on port 0 and the same handlers reached directly."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import StringIO
from typing import Any

import grpc.aio
import pytest

from shared.binding import Binding
from shared.logging import configure
from shared.middleware.order import NO_HOOKS, Hooks, layers
from shared.transport.direct import DirectChannel
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.options import server_options
from shared.transport.routes import routes
from tests.grpc.kit.echo import stubs

Opener = Callable[..., AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def on_the_wire(binding: Binding, hooks: Hooks = NO_HOOKS) -> AsyncIterator[Any]:
    server = grpc.aio.server(options=server_options(64 * 1024))
    table = GrpcRoutes()
    table.fill(routes([binding], layers([binding], hooks)))
    server.add_generic_rpc_handlers((table,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield stubs.EchoServiceStub(channel)
    await server.stop(None)


@asynccontextmanager
async def directly(binding: Binding, hooks: Hooks = NO_HOOKS) -> AsyncIterator[Any]:
    channel = DirectChannel()
    channel.open(routes([binding], layers([binding], hooks)))
    yield stubs.EchoServiceStub(channel)


@pytest.fixture(params=[on_the_wire, directly], ids=["wire", "direct"])
def echo(request: pytest.FixtureRequest) -> Opener:
    opener: Opener = request.param
    return opener


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[StringIO]:
    """Everything logged during a test, one JSON object a line."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    stream = StringIO()
    configure("echo", "debug", stream, at_once=True)
    yield stream
    root.handlers[:], root.level = before
