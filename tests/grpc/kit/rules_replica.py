"""A replica of rules within the test's process, whose answers the test tells."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio

from shared.testing.stalling import SERVICE
from shared.transport.options import server_options

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
Behave = Callable[[grpc.aio.ServicerContext[Any, Any]], Awaitable[None]]


async def well(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    """Answer at once."""


@dataclass(slots=True)
class RulesReplica:
    """Answers `Check` and `Commit` with nothing in them, after behaving as told."""

    behave: Behave = well
    calls: list[str] = field(default_factory=list)
    address: str = ""
    health: aio.HealthServicer = field(default_factory=aio.HealthServicer)

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[RulesReplica]:
        server = grpc.aio.server(options=server_options(65536))
        health_pb2_grpc.add_HealthServicer_to_server(self.health, server)
        await self.health.set(SERVICE, SERVING)
        handlers = {name: self._answering(name) for name in ("Check", "Commit")}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        self.address = f"127.0.0.1:{port}"
        try:
            yield self
        finally:
            await server.stop(None)

    def _answering(self, name: str) -> grpc.RpcMethodHandler[Any, Any]:
        async def handle(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            self.calls.append(name)
            await self.behave(context)
            return b""

        return grpc.unary_unary_rpc_method_handler(handle)
