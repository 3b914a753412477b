"""The gate: admits what there is room for, and says when to come again to whom there is none."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.budget import Monotonic
from shared.call import NO_WAITS, Waits
from shared.errors import Shed
from shared.overload.fairness import Fairness
from shared.overload.limit import Limit, Work
from shared.overload.pressure import Pressure
from shared.overload.priority import Priority

_DECAY_EVERY_S = 0.1
_KEPT = 0.8
"""Of what was noted, after that time: it is forgotten within about a second."""
OVER_FAIR_SHARE = 0.5
"""Of the room of its priority, what a caller above its fair share may fill."""
_STREAM_RETRY_S = 1.0
MOST_STREAMS = 1000


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request that was admitted."""

    began: float
    beside: int
    """How many others were under way."""


@dataclass(slots=True)
class Limiter:
    """Counts the work admitted and not yet done.

    grpc's own maximum_concurrent_rpcs would also refuse health checks, and counts requests of
    which only half has arrived.
    """

    limit: Limit
    most_streams: int = MOST_STREAMS
    monotonic: Monotonic = time.monotonic
    chance: Callable[[], float] = random.random
    in_flight: int = field(default=0, init=False)
    pressure: Pressure = field(default_factory=Pressure, init=False)
    _fairness: Fairness = field(default_factory=Fairness, init=False)
    _streams: Counter[str] = field(default_factory=Counter, init=False)
    _decayed: float = field(default=0.0, init=False)
    _emptied: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def in_use(self) -> float:
        """Return the part of what may be under way that is; above 1 where less may be by now."""
        return self.in_flight / self.limit.value

    def admit(self, priority: Priority, caller: str) -> Ticket:
        """Count one request in; raises Shed when there is no room for it."""
        now = self.monotonic()
        if now - self._decayed >= _DECAY_EVERY_S:
            self._decay(now)
        self._fairness.asked(priority, caller)
        room = self._room(priority, caller)
        if self.in_flight >= room:
            self.limit.refused()
            self.pressure.refused += 1.0
            raise Shed(retry_after_s=self.pressure.retry_after_s(self.chance()))
        beside = self.in_flight
        self.in_flight += 1
        self._emptied.clear()
        self.limit.began(self.in_flight / room)
        self.pressure.admitted += 1.0
        self._fairness.admitted(priority)
        return Ticket(now, beside)

    def ended(
        self, ticket: Ticket, kind: str = "", budget_s: float | None = None, waits: Waits = NO_WAITS
    ) -> None:
        """Count one request out, and learn from it if it says what it was and had for time."""
        self.in_flight -= 1
        if not self.in_flight:
            self._emptied.set()
        if budget_s is not None:
            now = self.monotonic()
            took_s = now - ticket.began
            work = Work(
                kind,
                took_s,
                budget_s,
                ticket.beside,
                waits.peers,
                waits.seconds,
                waits.was_refused,
            )
            self.limit.ended(work, now)

    def open_stream(self, caller: str) -> None:
        """Count a stream in; raises Shed when there are too many, or too many of this caller."""
        if self._streams[caller] * 2 >= self.most_streams:
            raise Shed("too many streams of this caller", retry_after_s=self._stream_retry_s())
        if self._streams.total() >= self.most_streams:
            raise Shed("too many streams", retry_after_s=self._stream_retry_s())
        self._streams[caller] += 1

    def close_stream(self, caller: str) -> None:
        """Count a stream out."""
        self._streams[caller] -= 1
        if not self._streams[caller]:
            del self._streams[caller]

    async def emptied(self) -> None:
        """Wait until nothing is in flight."""
        if self.in_flight:
            await self._emptied.wait()

    def _room(self, priority: Priority, caller: str) -> float:
        room = self.limit.value * priority.share
        return room * OVER_FAIR_SHARE if self._fairness.is_over(priority, caller) else room

    def _decay(self, now: float) -> None:
        times = int((now - self._decayed) / _DECAY_EVERY_S)
        part = _KEPT ** min(times, 100)
        self.pressure.decay(part)
        self._fairness.decay(part)
        self._decayed = now

    def _stream_retry_s(self) -> float:
        return _STREAM_RETRY_S * (1.0 + self.chance())
