"""Servers on port 0 and the same handlers reached directly."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import StringIO
from math import inf
from typing import Any

import grpc.aio
import pytest

from shared.binding import Binding
from shared.local import LocalChannel, served_locally
from shared.local.address import IS_POSSIBLE, beside
from shared.logging import configure
from shared.middleware.order import NO_HOOKS, Hooks, layers
from shared.setting_types import Listen
from shared.transport.direct import DirectChannel
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.options import server_options
from shared.transport.routes import StreamRoute, routes
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


@asynccontextmanager
async def beside_the_port(binding: Binding, hooks: Hooks = NO_HOOKS) -> AsyncIterator[Any]:
    """By the socket of this machine, single answers at least."""
    found = routes([binding], layers([binding], hooks))
    server = grpc.aio.server(options=server_options(64 * 1024))
    table = GrpcRoutes()
    table.fill({method: each for method, each in found.items() if isinstance(each, StreamRoute)})
    server.add_generic_rpc_handlers((table,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    plain = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    async with (
        served_locally(found, Listen("127.0.0.1", port)),
        LocalChannel(plain, beside(f"ipv4:127.0.0.1:{port}"), longest_s=inf) as channel,
    ):
        await channel.channel_ready()
        yield stubs.EchoServiceStub(channel)
    await server.stop(None)


WAYS = {"wire": on_the_wire, "direct": directly}
if IS_POSSIBLE:
    WAYS["local"] = beside_the_port


@pytest.fixture(params=WAYS.values(), ids=WAYS)
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
