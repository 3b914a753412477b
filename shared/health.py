"""Serving or not, by asking every dependency; told over gRPC health and `/readyz` alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio

from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.service import HealthCheck, WarmUp

log = get_logger(__name__)

CHECK_EVERY_S = 1.0
CHECK_TIMEOUT_S = 1.0
FAILURES_UNTIL_DOWN = 3
"""One late answer on a busy machine must not take a replica out of rotation."""
WARM_UP_S = 5.0
"""A service that takes longer to get warm serves cold."""

OK, FAILS = "ok", "fails"
UNKNOWN = "has not answered yet"

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def seldom(check: HealthCheck, every_s: float) -> HealthCheck:
    """Return a check that says for `every_s` seconds again what `check` said last.

    For what health only shows, and costs a statement to find out.
    """
    said: Exception | None = None
    asked_at = float("-inf")

    async def ask() -> None:
        nonlocal said, asked_at
        if time.monotonic() - asked_at >= every_s:
            try:
                await check()
            except TouchpointError as error:
                said = error
            else:
                said = None
            asked_at = time.monotonic()
        if said is not None:
            raise said

    return ask


@dataclass(slots=True)
class Dependency:
    """One dependency, what its last check said, and how often in a row it failed."""

    check: HealthCheck
    is_needed: bool
    """Whether nothing can be answered without it."""
    state: str = UNKNOWN
    failures: int = 0
    has_answered: bool = False

    async def ask(self) -> None:
        """Run the check; a failure counts only when it repeats."""
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self.check()
        except Exception as error:
            self.failures += 1
            if self.failures >= FAILURES_UNTIL_DOWN or not self.has_answered:
                self.state = str(error) or type(error).__name__
        else:
            self.failures, self.has_answered, self.state = 0, True, OK


@dataclass(slots=True)
class Health:
    """The health of one service under its gRPC names.

    NOT_SERVING until every needed dependency has answered, and whenever one of them stays away.
    """

    service: str
    servicer: aio.HealthServicer = field(default_factory=aio.HealthServicer)
    serving: asyncio.Event = field(default_factory=asyncio.Event)
    _dependencies: dict[str, Dependency] = field(default_factory=dict)
    _names: tuple[str, ...] = ("",)
    _warm_up: WarmUp | None = None
    _draining: bool = False

    async def begin(self, *names: str) -> None:
        """Say NOT_SERVING for the whole server and for each gRPC service name."""
        self._names = tuple(dict.fromkeys((*self._names, *names)))
        for name in self._names:
            await self.servicer.set(name, _NOT_SERVING)

    def depend(
        self,
        needed: Mapping[str, HealthCheck],
        watched: Mapping[str, HealthCheck],
        warm_up: WarmUp | None = None,
    ) -> None:
        """Take the dependencies over; a watched one is shown and decides nothing.

        `warm_up` runs once, when the needed ones have answered and before SERVING is said.
        """
        self._warm_up = warm_up
        for name, check in watched.items():
            self._dependencies[name] = Dependency(check, is_needed=False)
        for name, check in needed.items():
            self._dependencies[name] = Dependency(check, is_needed=True)

    async def ask_all(self) -> None:
        """Ask every dependency once and publish what follows."""
        await asyncio.gather(*(found.ask() for found in self._dependencies.values()))
        await self._publish()

    async def watch(self) -> None:
        """Ask for ever."""
        while True:
            await self.ask_all()
            await asyncio.sleep(CHECK_EVERY_S if self.serving.is_set() else CHECK_EVERY_S / 10)

    async def drain(self) -> None:
        """Say NOT_SERVING from now on, whatever the dependencies say."""
        self._draining = True
        self.serving.clear()
        await self.servicer.enter_graceful_shutdown()

    def readiness(self) -> tuple[bool, dict[str, str]]:
        """Say whether requests are welcome, and the state of each dependency."""
        return self.serving.is_set(), self.states()

    def outline(self) -> tuple[bool, dict[str, str]]:
        """Say the same to strangers: of what is wrong only that it is, as errors name addresses."""
        told = {name: state if state == OK else FAILS for name, state in self.states().items()}
        return self.serving.is_set(), told

    def states(self) -> dict[str, str]:
        """Return each dependency with `ok` or what is wrong with it."""
        return {name: found.state for name, found in self._dependencies.items()}

    def is_serving(self) -> bool:
        """Say whether requests are welcome."""
        needed = (each for each in self._dependencies.values() if each.is_needed)
        return not self._draining and all(each.state == OK for each in needed)

    async def _get_warm(self) -> None:
        warm_up, self._warm_up = self._warm_up, None
        if warm_up is None:
            return
        began = time.monotonic()
        try:
            async with asyncio.timeout(WARM_UP_S):
                await warm_up()
        except (TouchpointError, OSError, TimeoutError) as error:
            # Cold is slow, and not wrong.
            log.warning("warm_up_failed", of=self.service, why=str(error) or type(error).__name__)
        else:
            log.info(
                "service_warmed_up", of=self.service, took_s=round(time.monotonic() - began, 2)
            )

    async def _publish(self) -> None:
        serving = self.is_serving()
        if serving == self.serving.is_set():
            return
        if serving:
            await self._get_warm()
        for name in self._names:
            await self.servicer.set(name, _SERVING if serving else _NOT_SERVING)
        if serving:
            self.serving.set()
            log.info("service_became_ready", of=self.service)
        else:
            self.serving.clear()
            log.warning("service_became_unready", of=self.service, dependencies=self.states())
