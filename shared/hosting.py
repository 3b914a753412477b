"""One service on its ports: listen, open, serve, and drain in the order that loses no call."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shared.background import running
from shared.binding import Binding
from shared.callers.needs import inner_needs
from shared.callers.opening import callers_of
from shared.client import service_name
from shared.config import ServiceSettings
from shared.health import Health
from shared.logging import get_logger
from shared.middleware.authentication import Authenticate
from shared.middleware.order import Hooks, layers
from shared.overload.limit import AdaptiveLimit
from shared.overload.limiter import Limiter
from shared.runtime import Channels, Openers, process_runtime
from shared.service import OpenService, Service, WarmUp
from shared.setting_types import Listen
from shared.tls import ServerTls
from shared.transport.direct import DirectChannel
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.listening import take_grpc_port
from shared.transport.options import aged, server_options
from shared.transport.peer_accounts import Messages, PeerAccounts
from shared.transport.peer_guard import PeerGuard
from shared.transport.routes import Routes, routes

log = get_logger(__name__)

Settle = Callable[[], None]
"""What a process does once all that it will hold is in memory."""

DRAIN_S = 0.2
"""Between saying NOT_SERVING and refusing: clients hear of it within a few milliseconds."""
GRACE_S = 1.5
"""Longer than any single answer may take."""
SENDING_S = 0.05
"""From the end of the last handler until its answer is on the wire; streams are ended then."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A service that is being served."""

    name: str
    grpc: Listen
    http: Listen | None
    health: Health

    def ready_line(self) -> str:
        """Return the one line of JSON that whoever started the process waits for."""
        facts: dict[str, Any] = {
            "event": "ready",
            "service": self.name,
            "pid": os.getpid(),
            "grpc": str(self.grpc),
            "grpc_port": self.grpc.port,
        }
        if self.http is not None:
            facts |= {"http": str(self.http), "http_port": self.http.port}
        return json.dumps(facts)


def nothing() -> None:
    """Settle a process that others live in too, such as a test's."""


@asynccontextmanager
async def hosted(
    settings: ServiceSettings,
    open_service: OpenService[Any],
    openers: Openers,
    channels: Channels,
    direct: DirectChannel | None = None,
    settle: Settle = nothing,
) -> AsyncIterator[Hosted]:
    """Serve one service within the context; on leaving it, drain before anything is closed.

    The port is bound and health answers NOT_SERVING before the service is opened, because
    opening waits for the dependencies. A direct channel reaches the same handlers. `settle` is
    called when the service is warm, before it says SERVING.
    """
    health = Health(settings.service)
    await health.begin(service_name(settings.service))
    authenticate, tls = callers_of(settings), ServerTls.of(settings)
    async with AsyncExitStack() as stack:
        messages = Messages(int) if settings.meets_strangers() else None
        server, table, address = await _listen(settings, health, tls, messages)
        stack.push_async_callback(server.stop, None)
        runtime = await stack.enter_async_context(process_runtime(settings, openers, channels))
        service = await stack.enter_async_context(open_service(settings, runtime))
        bindings, limiter = [*service.bindings, *runtime.bindings], _limiter(settings)
        if service.hear_load is not None:
            service.hear_load(lambda: limiter.in_use)
        found = _routes(bindings, service, limiter, authenticate)
        table.fill(found)
        if settings.reflects():
            table.reflect(_reflected(bindings))
        if direct is not None:
            direct.open(found)
        await health.begin(*(binding.service for binding in bindings))
        warm_up = _settling(service.warm_up, settle)
        health.depend(runtime.needed(service), runtime.watched(service), warm_up)
        works = {**service.background, "health": health.watch}
        if messages is not None:
            works["peers"] = _guard(settings, address, messages).run
        await stack.enter_async_context(running(works))
        web = None
        if service.http is not None:
            # Loads the libraries of the web, a tenth of the start of who has no such face.
            from shared.web_face import served_face

            face = served_face(service.http, found, health, settings, tls)
            web = await stack.enter_async_context(face)
        stack.push_async_callback(_drain, server, health, limiter)
        yield Hosted(service.name, address, web, health)


def _settling(warm_up: WarmUp | None, settle: Settle) -> WarmUp:
    async def get_warm_and_settle() -> None:
        try:
            if warm_up is not None:
                await warm_up()
        finally:
            settle()

    return get_warm_and_settle


async def forever() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()


async def _listen(
    settings: ServiceSettings, health: Health, tls: ServerTls | None, messages: Messages | None
) -> tuple[grpc.aio.Server, GrpcRoutes, Listen]:
    options = server_options(settings.max_request_bytes, settings.calls_of_a_connection())
    demands_certificates = tls is not None and tls.authority is not None
    server = grpc.aio.server(options=(*options, *(aged() if demands_certificates else ())))
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    table = GrpcRoutes(messages=messages)
    server.add_generic_rpc_handlers((table,))
    credentials = None if tls is None else tls.grpc_credentials()
    address = take_grpc_port(server, settings.address(), credentials)
    await server.start()
    return server, table, address


def _guard(settings: ServiceSettings, address: Listen, messages: Messages) -> PeerGuard:
    most = settings.connections_of_one_address()
    return PeerGuard(address.port, messages, PeerAccounts(settings.max_request_bytes, most))


def _limiter(settings: ServiceSettings) -> Limiter:
    return Limiter(AdaptiveLimit(settings.max_in_flight), settings.max_streams)


def _routes(
    bindings: Sequence[Binding], service: Service, limiter: Limiter, authenticate: Authenticate
) -> Routes:
    hooks = Hooks(
        limiter=limiter,
        prioritise=service.prioritise,
        authenticate=authenticate,
        needs={**inner_needs(service.name, service.bindings), **service.needs},
        admits=service.admits,
    )
    return routes(bindings, layers(bindings, hooks))


def _reflected(bindings: Sequence[Binding]) -> list[str]:
    names = [binding.service for binding in bindings]
    health = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
    return [*names, health]


async def _drain(server: grpc.aio.Server, health: Health, limiter: Limiter) -> None:
    """Finish what was begun; streams, and the health watches of clients, would never end."""
    await health.drain()
    await asyncio.sleep(DRAIN_S)
    refusing = asyncio.create_task(server.stop(GRACE_S))
    idle = asyncio.create_task(limiter.emptied())
    await asyncio.wait({refusing, idle}, return_when=asyncio.FIRST_COMPLETED)
    idle.cancel()
    await server.stop(SENDING_S)
    await refusing
