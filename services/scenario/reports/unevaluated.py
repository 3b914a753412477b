"""Keeps how often conditions could not be evaluated, for reports, and says so in the log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from services.scenario.unevaluated import Unevaluated
from shared.clock import BusinessClock
from shared.errors import TouchpointError
from shared.structlog_alone import structlog

KEEP_EVERY_S = 5.0
SAY_EVERY_S = 60.0
log = structlog.get_logger()


class UnevaluatedStore(Protocol):
    """Keeps the counts of all replicas."""

    async def add_unevaluated(self, times: Mapping[tuple[str, str], int], now_us: int) -> None:
        """Add what was counted, by scenario and place, to the day of a business time."""
        ...


class UnevaluatedKept:
    """Keeps what this process counts, and says it at most once a minute."""

    def __init__(
        self,
        counted: Unevaluated,
        store: UnevaluatedStore,
        clock: BusinessClock,
        machine_s: Callable[[], float],
    ) -> None:
        self._counted = counted
        self._store = store
        self._clock = clock
        self._machine_s = machine_s
        self._unsaid = Counter[tuple[str, str]]()
        self._said_s = -SAY_EVERY_S

    async def keep(self) -> None:
        """Keep what was counted since; while the store does not answer it is counted on."""
        times = self._counted.take()
        if times:
            try:
                await self._store.add_unevaluated(times, self._clock.now_us())
            except TouchpointError:
                self._counted.give_back(times)
                return
        self._unsaid.update(times)
        now_s = self._machine_s()
        if self._unsaid and now_s - self._said_s >= SAY_EVERY_S:
            told = {f"{name} {place}": number for (name, place), number in self._unsaid.items()}
            log.warning("conditions_not_evaluated", times=told)
            self._unsaid.clear()
            self._said_s = now_s

    async def run(self) -> None:
        """Keep it for ever; a background task of the service."""
        while True:
            await self.keep()
            await asyncio.sleep(KEEP_EVERY_S)
