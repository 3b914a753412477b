"""The means that a process lends to its services: pools, the bus, the clock, channels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import grpc.aio

from shared.binding import Binding
from shared.bus import Bus
from shared.callers.bearer import service_bearer
from shared.client import connect, service_name
from shared.clock import BusinessClock
from shared.clock_service import clock_binding
from shared.config import ServiceSettings
from shared.errors import Unavailable
from shared.logging import get_logger
from shared.postgres import Database
from shared.postgres.clock import DatabaseClock
from shared.service import HealthCheck, Service
from shared.tls import ClientTls
from touchpoint.client.bearing import BearingChannel

log = get_logger(__name__)

T = TypeVar("T")

RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Openers:
    """How the data plane is opened; tests give other ways."""

    database: Callable[[ServiceSettings], AbstractAsyncContextManager[Database]]
    bus: Callable[[ServiceSettings], AbstractAsyncContextManager[Bus]]
    clock: Callable[[ServiceSettings, Database, Bus], AbstractAsyncContextManager[BusinessClock]]


@dataclass(slots=True)
class Channels:
    """One long-lived channel per service for the whole process, direct to those in it."""

    direct: Mapping[str, grpc.aio.Channel] = field(default_factory=dict)
    _shared: dict[str, grpc.aio.Channel] = field(default_factory=dict)
    _opened: list[grpc.aio.Channel] = field(default_factory=list)

    def to(self, service: str, settings: ServiceSettings) -> grpc.aio.Channel:
        """Return the channel to a service; KeyError when there is no such service."""
        if service not in self._shared:
            bearer = ""
            if settings.keys_file() is not None:
                bearer = service_bearer(settings.deployment_key)
            self._shared[service] = self._opened_to(service, settings, bearer)
        return self._shared[service]

    def _opened_to(self, service: str, settings: ServiceSettings, bearer: str) -> grpc.aio.Channel:
        if service in self.direct:
            direct = self.direct[service]
            return BearingChannel(direct, bearer) if bearer else direct
        channel = connect(
            settings.targets(service),
            service_name(service),
            tls=ClientTls.of(settings),
            bearer=bearer,
        )
        self._opened.append(channel)
        return channel

    async def close(self) -> None:
        """Close what was opened."""
        for channel in self._opened:
            await channel.close()


class ProcessRuntime:
    """The runtime of one service; each mean is opened when first asked for."""

    def __init__(
        self,
        settings: ServiceSettings,
        stack: AsyncExitStack,
        openers: Openers,
        channels: Channels,
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._openers = openers
        self._channels = channels
        self._database: Database | None = None
        self._bus: Bus | None = None
        self._clock: BusinessClock | None = None

    @property
    def clock(self) -> BusinessClock:
        """Business time; RuntimeError before the first `postgres()`."""
        if self._clock is None:
            raise RuntimeError("the clock stands on the database: await runtime.postgres() first")
        return self._clock

    async def postgres(self) -> Database:
        """Return this service's pool, waiting until PostgreSQL answers."""
        if self._database is None:
            opened = await self._opened("postgres", lambda: self._openers.database(self._settings))
            bus = await self.bus()
            self._clock = await self._opened(
                "clock", lambda: self._openers.clock(self._settings, opened, bus)
            )
            self._database = opened
        return self._database

    async def bus(self) -> Bus:
        """Return the bus, waiting until it answers."""
        if self._bus is None:
            self._bus = await self._opened("bus", lambda: self._openers.bus(self._settings))
        return self._bus

    def channel(self, service: str) -> grpc.aio.Channel:
        """Return the channel to another service."""
        return self._channels.to(service, self._settings)

    @property
    def bindings(self) -> list[Binding]:
        """What every service serves beside its own rpcs: the clock, once it is open."""
        return [clock_binding(self._clock)] if self._clock else []

    def needed(self, service: Service) -> dict[str, HealthCheck]:
        """Return the checks of all that the service cannot do without."""
        database = {} if service.answers_without_postgres else self._database_check()
        return {**database, **service.checks}

    def watched(self, service: Service) -> dict[str, HealthCheck]:
        """Return the checks of what may stay away; the bus always may, the outbox waits for it."""
        database = self._database_check() if service.answers_without_postgres else {}
        bus = {"bus": self._ask_bus} if self._bus else {}
        return {**database, **bus, **service.watched}

    def _database_check(self) -> dict[str, HealthCheck]:
        return {"postgres": self._ask_database} if self._database else {}

    async def _ask_database(self) -> None:
        assert self._database is not None
        if isinstance(self._clock, DatabaseClock):
            await self._clock.refresh()  # one statement for both, and the clock is fresh
        else:
            await self._database.fetchval("SELECT 1")

    async def _ask_bus(self) -> None:
        if self._bus is None or not self._bus.connected:
            raise Unavailable("the bus cannot be reached")

    async def _opened(self, name: str, opener: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        return await until_available(
            name, lambda: self._stack.enter_async_context(opener()), asyncio.sleep
        )


async def until_available(
    name: str,
    attempt: Callable[[], Awaitable[T]],
    pause: Callable[[float], Awaitable[None]],
) -> T:
    """Attempt again and again while the dependency is Unavailable; any other error is raised."""
    attempts = 0
    while True:
        try:
            return await attempt()
        except (Unavailable, OSError) as error:
            attempts += 1
            if attempts == 1 or attempts % 20 == 0:
                log.warning(
                    "dependency_awaited", dependency=name, attempts=attempts, why=str(error)
                )
            await pause(RETRY_S)


@asynccontextmanager
async def process_runtime(
    settings: ServiceSettings, openers: Openers, channels: Channels
) -> AsyncIterator[ProcessRuntime]:
    """Lend means within the context and close what was opened, last first."""
    async with AsyncExitStack() as stack:
        yield ProcessRuntime(settings, stack, openers, channels)
