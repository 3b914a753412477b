"""How many agents can take one more: kept in memory, because every decision asks."""

from __future__ import annotations

import asyncio

from services.scenario.domain.tasks import TaskStore
from shared.clock import BusinessClock
from shared.errors import TouchpointError

LOOK_EVERY_S = 1.0
"""Agents sign on, and take tasks, on other replicas too."""


class FreeAgents:
    """The number of agents who are available and hold fewer tasks than they take at a time."""

    def __init__(self, store: TaskStore, clock: BusinessClock) -> None:
        self.number = 0
        """0 also while nobody knows: then no agent is promised."""
        self._store = store
        self._clock = clock

    async def look(self) -> None:
        """Count once; what cannot be counted is none."""
        try:
            self.number = await self._store.free_agents(self._clock.now_us())
        except TouchpointError:
            self.number = 0

    async def run(self) -> None:
        """Count for ever; a background task of the service."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)
