"""What is put under load: the edge of the suite, or that of the floor."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import grpc
import grpc.aio

from bench.errors import MeasurementError
from bench.processes import ProcessTree
from cli.load.generator import Send, drive
from cli.load.outcome import Fate, Outcome, Summary
from cli.load.schedule import poisson

DEADLINE_S = 0.1
"""Of every request, as its caller sets it."""
GOOD_SHARE = 0.99
"""Of a sustained rate: undegraded and within the deadline."""
_CALM_REQUESTS = 20
_SETTLE_S = 0.5

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Subject(Generic[Request]):
    """A system under load; raises what `send` raises."""

    name: str
    send: Send[Request]
    requests: Iterator[Request]
    processes: ProcessTree
    _seeds: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def one_by_one(self, count: int) -> list[float]:
        """Send requests one after the other; return the latencies in ms, ascending."""
        latencies = []
        for request in itertools.islice(self.requests, count):
            start = time.perf_counter()
            try:
                await self.send(request)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise
            latencies.append((time.perf_counter() - start) * 1000)
        return sorted(latencies)

    async def under(self, rate: float, duration_s: float) -> Summary:
        """Send requests at a rate, open loop."""
        await self._calm()
        return await drive(self.send, self.requests, poisson(rate, duration_s, next(self._seeds)))

    async def sustained(self, rate: float, duration_s: float) -> Summary:
        """Send requests at a rate for as long as it may still turn out to be sustained."""
        await self._calm()
        bad = _Bad(allowed=(1 - GOOD_SHARE) * rate * duration_s)
        due = poisson(rate, duration_s, next(self._seeds))
        return await drive(self.send, self.requests, due, enough=bad)

    async def cpu_ms(self, rate: float, duration_s: float) -> float:
        """Return the CPU time of all its processes per undegraded answer at a rate."""
        before = self.processes.cpu_s()
        summary = await self.under(rate, duration_s)
        if not summary.answered:
            raise MeasurementError(f"{self.name} answered nothing undegraded: {summary.reasons}")
        return (self.processes.cpu_s() - before) * 1000 / summary.answered

    async def _calm(self) -> None:
        """Let what an overload has left behind pass."""
        await asyncio.sleep(_SETTLE_S)
        due = (number * DEADLINE_S / 2 for number in range(_CALM_REQUESTS))
        await drive(self.send, self.requests, due)


@dataclass(slots=True)
class _Bad:
    allowed: float
    _seen: int = 0

    def __call__(self, outcome: Outcome) -> bool:
        good = outcome.fate is Fate.ANSWERED and outcome.latency_s <= DEADLINE_S
        self._seen += not good
        return self._seen > self.allowed
