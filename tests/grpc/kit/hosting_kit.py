"""A service to host, over a data plane of fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from shared.bus import Bus, InMemoryBus
from shared.clock import BusinessClock
from shared.config import ServiceSettings, load
from shared.errors import Unavailable
from shared.runtime import Openers
from shared.service import HealthCheck, HttpFace, Runtime, Service
from shared.setting_types import Listen
from shared.testing.clock import FakeClock
from tests.grpc.kit.echo import EchoServicer, echo_binding


@dataclass(frozen=True, slots=True)
class RulesSettings(ServiceSettings):
    service: ClassVar[str] = "rules"


@dataclass(frozen=True, slots=True)
class ProfileSettings(ServiceSettings):
    service: ClassVar[str] = "profile"


ENVIRON = {
    "TOUCHPOINT_POSTGRES_URL": "postgresql://u:p@nowhere/db",
    "TOUCHPOINT_DEPLOYMENT_KEY": "00" * 32,
    "TOUCHPOINT_RULES_LISTEN": "127.0.0.1:0",
    "TOUCHPOINT_PROFILE_LISTEN": "127.0.0.1:0",
}


def settings(kind: type[Any] = RulesSettings, **environ: str) -> Any:
    return load(kind, ENVIRON | environ)


class FakeDatabase:
    """Answers the health check while it is up."""

    def __init__(self) -> None:
        self.up = True

    async def fetchval(self, query: str) -> int:
        if not self.up:
            raise Unavailable("the database cannot be reached")
        return 1


@dataclass
class FakePlane:
    """A data plane that opens only while it is up, and remembers what was closed."""

    database: FakeDatabase = field(default_factory=FakeDatabase)
    events: list[str] = field(default_factory=list)
    attempts: int = 0

    def openers(self) -> Openers:
        return Openers(self._database, self._bus, self._clock)  # type: ignore[arg-type]

    @asynccontextmanager
    async def _database(self, settings: ServiceSettings) -> AsyncIterator[FakeDatabase]:
        self.attempts += 1
        if not self.database.up:
            raise Unavailable("the database cannot be reached")
        yield self.database
        self.events.append("database closed")

    @asynccontextmanager
    async def _bus(self, settings: ServiceSettings) -> AsyncIterator[Bus]:
        yield InMemoryBus()
        self.events.append("bus closed")

    @asynccontextmanager
    async def _clock(
        self, settings: ServiceSettings, database: Any, bus: Bus
    ) -> AsyncIterator[BusinessClock]:
        yield FakeClock()


Opened = Callable[[Any, Runtime], AbstractAsyncContextManager[Service]]


def echo_service(
    servicer: EchoServicer,
    checks: dict[str, HealthCheck] | None = None,
    events: list[str] | None = None,
    *,
    http: bool = False,
    **parts: Any,
) -> Opened:
    """Return how a service called as its settings say is opened, with an echo's rpcs.

    `parts` are further fields of `Service`.
    """

    @asynccontextmanager
    async def open_service(settings: ServiceSettings, runtime: Runtime) -> AsyncIterator[Service]:
        await runtime.postgres()
        binding = echo_binding(servicer)
        face = HttpFace(Listen("127.0.0.1", 0), (binding,)) if http else None
        yield Service(settings.service, (binding,), checks or {}, http=face, **parts)
        if events is not None:
            events.append("service closed")

    return open_service
