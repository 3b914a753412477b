"""What the call centre can take: kept in memory, because every decision and journey asks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from services.scenario.domain.capacity import Assumed, calls_per_day
from services.scenario.domain.queue import (
    LATELY_US,
    Queue,
    QueueStore,
    Terms,
    Tried,
    are_there,
    takers,
    work_lately,
)
from shared.clock import BusinessClock
from shared.errors import TouchpointError

LOOK_EVERY_S = 1.0
"""Agents sign on, and take tasks, on other replicas too."""
MEASURE_EVERY = 60
"""How long a task takes, and how many one does in an hour, changes slowly: of so many looks one."""
_MOST_TRIED = 2000


class FreeAgents:
    """How many could be taken in time, and how many calls can be made in a day."""

    def __init__(self, store: QueueStore, clock: BusinessClock) -> None:
        self._store = store
        self._clock = clock
        self._queue: Queue | None = None
        self._tried: Sequence[Tried] = ()
        self._looks = 0
        self._takers: dict[Terms, int] = {}
        """As of the last look: it follows from the queue alone, and every decision asks."""

    def takers(self, terms: Terms) -> int:
        """Return how many more could be taken as promised; 0 also while nobody knows."""
        if self._queue is None:
            return 0
        if terms not in self._takers:
            self._takers[terms] = takers(self._queue, terms)
        return self._takers[terms]

    def calls_per_day(self, assumed: Assumed) -> int:
        """Return how many tasks journeys may make in a day; what is assumed while nobody knows."""
        known = self._queue or Queue(self._clock.now_us())
        return calls_per_day(known, assumed)

    def are_there(self, skills: Collection[str]) -> bool:
        """Say whether somebody who has these skills is there and takes tasks."""
        return self._queue is not None and are_there(self._queue.seats, skills)

    def work_lately(self, skills: Collection[str]) -> bool:
        """Say whether somebody who has these skills said within seven days how they are."""
        return self._queue is not None and work_lately(self._queue, skills)

    async def look(self) -> None:
        """Look once; while nobody can, nothing is promised."""
        found: Queue | None = None
        try:
            now_us = self._clock.now_us()
            if self._looks % MEASURE_EVERY == 0:
                self._tried = await self._store.tried(now_us - LATELY_US, _MOST_TRIED)
            found = replace(await self._store.standing(now_us), tried=self._tried)
            self._looks += 1
        except TouchpointError:
            pass
        self._queue = found
        self._takers.clear()

    async def run(self) -> None:
        """Look for ever; a background task of the service."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)
