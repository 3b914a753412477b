"""A real gRPC server on a free port for some bindings, and a channel to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio

from shared.binding import Binding
from shared.middleware.order import NO_HOOKS, Hooks, layers
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.options import MIB, server_options
from shared.transport.routes import routes

_LARGEST_REQUEST = 4 * MIB


@asynccontextmanager
async def grpc_service(
    *bindings: Binding, hooks: Hooks = NO_HOOKS
) -> AsyncIterator[grpc.aio.Channel]:
    """Serve bindings through the whole middleware and lend a channel to them."""
    server = grpc.aio.server(options=server_options(_LARGEST_REQUEST))
    served = GrpcRoutes()
    served.fill(routes(bindings, layers(bindings, hooks)))
    server.add_generic_rpc_handlers((served,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(grace=0.5)
