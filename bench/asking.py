"""Asks a service one thing open loop: how long that takes in the service and at the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.errors import MeasurementError
from bench.handled import HandledTimes
from bench.part import Tell
from bench.scale import Scale
from cli.load.generator import Send, drive
from cli.load.outcome import percentile
from cli.load.schedule import poisson
from shared.logging import FLUSH_S

_WARM_UP_S = 2.0


@dataclass(slots=True)
class Asking:
    """Asks the service one thing open loop, and notes the p99 of each round."""

    handled: HandledTimes
    send: Send[Any]
    per_s: float
    inside_ms: list[float] = field(default_factory=list)
    """In the service, from the arrival of the request on."""
    outside_ms: list[float] = field(default_factory=list)
    """At the caller, from when it was due."""

    async def round(self, requests: Iterator[Any], scale: Scale, number: int, tell: Tell) -> None:
        """Ask for as long as the scale says; raises MeasurementError where something failed."""
        if not number:
            await drive(self.send, requests, poisson(self.per_s, _WARM_UP_S, scale.rounds))
            await self._told()
        tell(f"{self.per_s:.0f} requests a second, round {number + 1} of {scale.rounds}")
        summary = await drive(self.send, requests, poisson(self.per_s, scale.cpu_s, number))
        if summary.failed or summary.degraded:
            raise MeasurementError(f"not everything was answered: {summary.reasons}")
        handled = await self._told()
        self.inside_ms.append(percentile(handled, 0.99))
        self.outside_ms.append(summary.p99_ms)
        inside = f"p50 {percentile(handled, 0.5):.1f} ms, p99 {self.inside_ms[-1]:.1f} ms"
        outside = f"{summary.p50_ms:.1f} and {summary.p99_ms:.1f} ms"
        tell(f"{inside} in the service; {outside} at the caller")

    async def _told(self) -> list[float]:
        """Return how long the answers took of which the log has not told before."""
        await asyncio.sleep(2 * FLUSH_S)
        return self.handled.since_last()
