"""What a service hands to the process that runs it, and what that process gives in return."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import grpc.aio

from shared.binding import Binding
from shared.config import ServiceSettings
from shared.middleware.admission import Admits
from shared.middleware.shedding import Prioritise, as_told
from shared.setting_types import Listen

if TYPE_CHECKING:
    from shared.bus import Bus
    from shared.clock import BusinessClock
    from shared.postgres import Database

HealthCheck = Callable[[], Awaitable[None]]
"""Returns when the dependency answers; raises TouchpointError, OSError or TimeoutError if not."""
Background = Callable[[], Awaitable[None]]
"""Runs for ever; restarted with backoff when it fails or returns."""
Load = Callable[[], float]
"""Tells the part of what may be under way at once that is, from 0."""
WarmUp = Callable[[], Awaitable[None]]
"""Goes once where requests will go, leaving no trace; raises what a check may raise."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page or a part of one, served as it is."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class HttpFace:
    """Bindings that are also served over HTTP: Connect (JSON and proto) and gRPC-Web."""

    listen: Listen
    bindings: Sequence[Binding]
    allowed_origins: Sequence[str] = ()
    """Browser origins that may call (CORS); empty allows none, `*` all."""
    pages: Mapping[str, Page] = field(default_factory=dict)
    """By path."""
    clicks: Mapping[str, str] = field(default_factory=dict)
    """Path to `/package.Service/Rpc`: a POST there, its fields in the address, is a call of it. For
    what mail readers post by themselves (RFC 8058)."""
    beacons: Mapping[str, str] = field(default_factory=dict)
    """Path to `/package.Service/Rpc`: a POST there is a call of it by JSON, whatever its content
    type says. For pages that are being left: they may not name one (`navigator.sendBeacon`)."""


@dataclass(frozen=True, slots=True)
class Service:
    """An opened service, ready to be served by any transport."""

    name: str
    bindings: Sequence[Binding]
    checks: Mapping[str, HealthCheck] = field(default_factory=dict)
    """Dependency to its check, without which nothing can be answered; PostgreSQL and the bus are
    checked by the runtime already. What has only to be loaded once has a check that passes for
    ever after."""
    watched: Mapping[str, HealthCheck] = field(default_factory=dict)
    """Dependency to its check, shown while it fails; the service neither waits for it nor ends
    serving, or two services that watch each other would never start."""
    answers_without_postgres: bool = False
    """Whether requests are answered from memory: PostgreSQL is then watched, not needed."""
    background: Mapping[str, Background] = field(default_factory=dict)
    warm_up: WarmUp | None = None
    """Run when all that is needed is there, before the first request comes: what is met for the
    first time (imports, statements on each connection, compiled rules) costs 50 ms and more."""
    http: HttpFace | None = None
    prioritise: Prioritise = as_told
    """How much is lost when a request is refused: of too many, the least important are. Who has
    callers that are none of ours has to find it out without asking them."""
    hear_load: Callable[[Load], None] | None = None
    """Called once, before the first request, with what tells how full the house is."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """Method to the scope that it needs. A service behind the edge has one for all of its rpcs and
    says nothing here; what nobody says anything of, no caller with a key may call."""
    admits: Admits | None = None
    """What callers are held to beyond their scopes."""


class Runtime(Protocol):
    """The means a process gives to the services that it runs; it closes them itself."""

    @property
    def clock(self) -> BusinessClock:
        """Business time; opened after the first `postgres()`, RuntimeError before."""

    async def postgres(self) -> Database:
        """Return the pool on this service's schema, waiting until PostgreSQL answers."""

    async def bus(self) -> Bus:
        """Return the connection to the event plane, waiting until it answers."""

    def channel(self, service: str) -> grpc.aio.Channel:
        """Return the one long-lived channel to another service (direct when colocated)."""


S = TypeVar("S", bound=ServiceSettings)

OpenService = Callable[[S, Runtime], AbstractAsyncContextManager[Service]]
