"""A month of people, events, agents and edits, in an order of a seed's own, on stores in memory."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from shared.clock import from_us
from tests.resilience.simulation.life import DAY_US, Life
from tests.resilience.simulation.processes import CALM, Misfortune, Odds
from tests.resilience.simulation.record import Record
from tests.resilience.simulation.replica import Replica
from tests.resilience.simulation.world import START_US, World

_DRAIN_DAYS = 45
_MOST_STALLS = 40
"""One after the other, a day in all: then it is stuck."""
_MOST_DEFECTS = 20
_IDLE = 12
"""So often the loop goes round without anything happening: then nothing will."""
_MOST_ROUNDS = 60
"""At one moment; more is a circle."""


class Days:
    """One run of the simulation."""

    def __init__(self, seed: int, days: int) -> None:
        self.world = World(seed)
        self._days = days
        self._chance = self.world.chance
        self._replicas = [Replica(self.world, f"replica-{number}") for number in range(2)]
        self._names = itertools.count(2)
        self._thaws: dict[str, int] = {}
        self._life = Life(self.world, self._replicas)
        self._stalls = 0

    async def run(self) -> Record:
        """Play all days, then go on calmly until nothing is due any more; returns what was seen."""
        world, end_us = self.world, START_US + self._days * DAY_US
        self._life.plan(end_us)
        await self._settle()
        while (moment_us := self._next_us()) < end_us and self._life.coming and self._is_sound:
            await self._forward(moment_us)
        world.misfortune.odds = CALM
        world.outside.silent_until_us = 0
        self._life.coming.clear()
        await self._settle()
        last_us = world.clock.now_us() + _DRAIN_DAYS * DAY_US
        while (moment_us := self._next_us()) < last_us and self._is_sound:
            await self._forward(moment_us)
        world.record.ended_us = last_us
        world.watcher.close()
        return world.record

    @property
    def _is_sound(self) -> bool:
        """Whether it is worth going on: nothing stands still, and few errors were logged."""
        return self._stalls < _MOST_STALLS and len(self.world.record.defects) < _MOST_DEFECTS

    async def _forward(self, moment_us: int) -> None:
        clock = self.world.clock
        is_stalled = moment_us <= clock.now_us()
        self._stalls = self._stalls + 1 if is_stalled else 0
        # What is due and can be claimed by nobody is looked at ever more seldom.
        least_us = 1_000_000 << min(self._stalls, 12) if is_stalled else 1
        late_us = self._chance.randrange(50_000)
        clock.advance(from_us(max(moment_us, clock.now_us() + least_us) + late_us) - clock.now())
        self._life.happen(clock.now_us())
        await self._settle()

    async def _settle(self) -> None:
        """Let replicas work until nothing is left to do at this moment."""
        for _ in range(_MOST_ROUNDS):
            self._revive()
            free = [each for each in self._replicas if each.process.thawed is None]
            if not free or not self._is_anything_to_do(free):
                return
            self._chance.shuffle(free)
            for replica in free:
                replica.begin()
            await self._quiet()
        self.world.record.defects.append("there is no end of it at one moment")

    def _is_anything_to_do(self, free: list[Replica]) -> bool:
        world = self.world
        now_us = world.clock.now_us()
        return bool(
            world.bus
            or world.sets
            or world.erasures
            or world.is_edited
            or any(replica.agents for replica in free)
            or world.watcher.next_us(now_us) <= now_us
        )

    async def _quiet(self) -> None:
        """Return when every process has done its work, died, or is frozen."""
        idle = 0
        while idle < _IDLE:
            seen = self.world.misfortune.points
            await asyncio.sleep(0)
            idle = 0 if self.world.misfortune.points != seen else idle + 1

    def _revive(self) -> None:
        now_us = self.world.clock.now_us()
        for place, replica in enumerate(self._replicas):
            process = replica.process
            if process.is_dead:
                process.thaw()
                name = f"replica-{next(self._names)}"
                agents = replica.agents
                self._replicas[place] = Replica(self.world, name)
                self._replicas[place].agents = agents
                self._thaws.pop(process.name, None)
            elif process.thawed is not None:
                longest_us = int(self._chance.uniform(5.0, 150.0) * 1e6)
                thaws_us = self._thaws.setdefault(process.name, now_us + longest_us)
                if thaws_us <= now_us or self.world.misfortune.odds is CALM:
                    del self._thaws[process.name]
                    process.thaw()

    def _next_us(self) -> int:
        now_us = self.world.clock.now_us()
        moments = [self.world.watcher.next_us(now_us), *self._thaws.values()]
        if self._life.coming:
            moments.append(self._life.coming[0][0])
        if self.world.bus or self.world.sets or self.world.erasures or self.world.is_edited:
            moments.append(now_us + 1_000_000)
        return max(min(moments), now_us)


async def played(seed: int, days: int, odds: Odds | None = None) -> tuple[Record, Misfortune]:
    """Play a seed; returns what was seen, and what misfortune did."""
    run = Days(seed, days)
    if odds is not None:
        run.world.misfortune.odds = odds
    with _errors_noted(run.world.record):
        record = await run.run()
    return record, run.world.misfortune


@contextmanager
def _errors_noted(record: Record) -> Iterator[None]:
    """Take what is logged as an error for a defect, and nothing else for anything."""

    def note(_logger: object, _level: str, event: MutableMapping[str, Any]) -> str:
        error = event.get("exc_info")
        record.defects.append(f"{event['event']}: {error!r}")
        raise structlog.DropEvent

    before = structlog.get_config()
    errors_only = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(processors=[note], wrapper_class=errors_only)
    try:
        yield
    finally:
        structlog.configure(**before)
