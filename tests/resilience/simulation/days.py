"""A month of people, events, agents and edits, in an order of a seed's own, on stores in memory."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import random
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from services.scenario.domain.agents import Agent, Presence
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.clock import from_us
from shared.testing.clock import FakeClock
from tests.resilience.simulation.definitions import COME_BACK, SHIPPING, bundle, drawn
from tests.resilience.simulation.outside import HOUR_US, Outside, Person
from tests.resilience.simulation.processes import CALM, Misfortune, Odds
from tests.resilience.simulation.record import Record
from tests.resilience.simulation.replica import Replica
from tests.resilience.simulation.watching import Watcher
from tests.unit.scenario.shop import FREE_SHIPPING, OneBundle, catalogue, rows
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch

START_US = 1_772_452_800_000_000
DAY_US = 24 * HOUR_US
PEOPLE, AGENTS = 10, ("eve", "max")
OFFERS = {COME_BACK: 7, SHIPPING: FREE_SHIPPING}
_TYPES = ("view",) * 5 + ("search", "search") + ("add_to_cart",) * 4 + ("checkout_started",) * 2
_TYPES += ("purchase", "purchase", "complaint", "resolved", "accept", "accept", "decline")
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "")
_DRAIN_DAYS = 45
_MOST_STALLS = 40
"""One after the other, a day in all: then it is stuck."""
_IDLE = 12
"""So often the loop goes round without anything happening: then nothing will."""
_MOST_ROUNDS = 60
"""At one moment; more is a circle."""


class World:
    """What replicas share: stores, definitions, the bus, people, and what is still to come."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.record = Record(began_us=START_US)
        self.clock = FakeClock(from_us(START_US))
        self.outside = Outside(random.Random(seed + 1), self.clock, self.record)
        self.misfortune = Misfortune(random.Random(seed + 2))
        self.store = InMemoryJourneys(InMemoryAgents(), machine_s=self.machine_s)
        self.errands = InMemoryErrands(self.store)
        self.bundles = OneBundle(bundle(0))
        self.catalogue = catalogue()
        self.bus: dict[int, EventNotice] = {}
        """Events that nobody has taken yet, by number."""
        self.sets: dict[int, tuple[str, tuple[str, ...]]] = {}
        self.erasures: dict[int, str] = {}
        self.is_edited = False
        """Journeys were not compared with the definitions since they changed."""
        self.numbers = itertools.count(1)
        self.watcher = Watcher(self.store, self.errands, self.clock, self.record)

    def machine_s(self) -> float:
        return (self.clock.now_us() - START_US) / 1e6

    def new_id(self, now_us: int) -> str:
        return f"journey-{next(self.numbers):05d}"


class Days:
    """One run of the simulation."""

    def __init__(self, seed: int, days: int) -> None:
        self.world = World(seed)
        self._days = days
        self._chance = self.world.chance
        self._coming: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._replicas = [Replica(self.world, f"replica-{number}") for number in range(2)]
        self._names = itertools.count(2)
        self._thaws: dict[str, int] = {}
        self._edition = 0
        self._stalls = 0

    async def run(self) -> Record:
        """Play all days, then go on calmly until nothing is due any more; returns what was seen."""
        world, end_us = self.world, START_US + self._days * DAY_US
        self._plan(end_us)
        await self._settle()
        while (moment_us := self._next_us()) < end_us and self._coming:
            await self._forward(moment_us)
        world.misfortune.odds = CALM
        world.outside.silent_until_us = 0
        self._coming.clear()
        await self._settle()
        last_us = world.clock.now_us() + _DRAIN_DAYS * DAY_US
        while (moment_us := self._next_us()) < last_us and self._stalls < _MOST_STALLS:
            await self._forward(moment_us)
        world.record.ended_us = last_us
        world.watcher.close()
        return world.record

    async def _forward(self, moment_us: int) -> None:
        clock = self.world.clock
        is_stalled = moment_us <= clock.now_us()
        self._stalls = self._stalls + 1 if is_stalled else 0
        # What is due and can be claimed by nobody is looked at ever more seldom.
        least_us = 1_000_000 << min(self._stalls, 12) if is_stalled else 1
        late_us = self._chance.randrange(50_000)
        clock.advance(from_us(max(moment_us, clock.now_us() + least_us) + late_us) - clock.now())
        while self._coming and self._coming[0][0] <= clock.now_us():
            heapq.heappop(self._coming)[2]()
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
        if self._coming:
            moments.append(self._coming[0][0])
        if self.world.bus or self.world.sets or self.world.erasures or self.world.is_edited:
            moments.append(now_us + 1_000_000)
        return max(min(moments), now_us)

    def _at(self, moment_us: int, what: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (moment_us, next(self._order), what))

    def _some(self, end_us: int, often: float, what: Callable[[], None]) -> None:
        """Plan something so often a day, at moments of the seed's own."""
        for _ in range(max(round((end_us - START_US) / DAY_US * often), 1)):
            self._at(START_US + self._chance.randrange(end_us - START_US), what)

    def _plan(self, end_us: int) -> None:
        people = [f"person-{number}" for number in range(PEOPLE)]
        for person_id in people:
            person = Person(person_id, self._chance.choice(_ZONES), (person_id,))
            self.world.outside.people[person_id] = person
            self.world.outside.say(person)
        self._some(end_us, 1.3 * PEOPLE, self._event)
        self._some(end_us, 0.3, self._crowd)
        self._some(end_us, 0.6, self._word)
        self._some(end_us, 0.2, self._link)
        self._some(end_us, 0.07, self._erase)
        self._some(end_us, 0.25, self._edit)
        self._some(end_us, 0.2, self._stock)
        self._some(end_us, 0.3, self._silence)
        for agent_id in AGENTS:
            self._at(START_US, lambda agent_id=agent_id: self._sign(agent_id))
        self._some(end_us, 0.3, lambda: self._sign(self._chance.choice(AGENTS)))
        self._some(end_us, 10.0, self._turn)

    def _anybody(self) -> Person | None:
        people = [each for each in self.world.outside.people.values() if not each.is_erased]
        return self._chance.choice(people) if people else None

    def _crowd(self) -> None:
        """Let many do the same at one moment."""
        event_type = self._chance.choice(("add_to_cart", "view"))
        for person in self.world.outside.people.values():
            if not person.is_erased and self._chance.random() < 0.7:
                self._does(person, event_type)

    def _event(self) -> None:
        person = self._anybody()
        if person is not None:
            self._does(person, self._chance.choice(_TYPES))

    def _does(self, person: Person, event_type: str) -> None:
        world, number = self.world, next(self._order)
        if event_type == "add_to_cart":
            person.cart_micros += self._chance.choice((60, 150)) * 1_000_000
        elif event_type == "purchase":
            person.cart_micros = 0
        answered = self._chance.choice(list(OFFERS.values()))
        offer_no = answered if event_type in ("accept", "decline") else 3
        late_us = self._chance.choice((0, 0, 0, 2_000_000, 30_000_000))
        now_us = world.clock.now_us()
        world.bus[number] = EventNotice(
            person_id=person.person_id,
            type=event_type,
            time_us=max(now_us - late_us, START_US),
            offer_no=offer_no,
            channel=1,
        )

    def _word(self) -> None:
        person = self._anybody()
        if person is None:
            return
        kind = person.consents if self._chance.random() < 0.6 else person.refusals
        purpose = self._chance.choice(("marketing", "marketing:SMS", "transactional"))
        (kind.discard if purpose in kind else kind.add)(purpose)
        self.world.outside.say(person)

    def _link(self) -> None:
        """Say of two that they are one, or of such two that they are not."""
        first, second = self._anybody(), self._anybody()
        if first is None or second is None or first is second:
            return
        before = {*first.group, *second.group}
        people = self.world.outside.people
        if first.group == second.group or len(before) > 3:
            groups = [(each,) for each in sorted(before)]
        else:
            groups = [tuple(sorted(before))]
        for group in groups:
            for person_id in group:
                people[person_id].group = group
                self.world.record.linked.append((self.world.clock.now_us(), person_id, group))
                self.world.sets[next(self._order)] = person_id, group

    def _erase(self) -> None:
        person = self._anybody()
        if person is None:
            return
        for person_id in person.group:
            self.world.outside.people[person_id].is_erased = True
            self.world.erasures[next(self._order)] = person_id

    def _edit(self) -> None:
        self._edition += self._chance.random() < 0.7
        self.world.bundles.replace(drawn(self._chance, self._edition))
        self.world.is_edited = True

    def _stock(self) -> None:
        """Let an offer be gone, or all be back."""
        gone = {self._chance.choice(list(OFFERS)): {"withdrawn": self._chance.random() < 0.5}}
        made = self.world.catalogue
        made.apply(
            CatalogueBatch(
                previous_version=made.version, version=made.version + 1, rows=list(rows(**gone))
            )
        )
        self.world.is_edited = True

    def _silence(self) -> None:
        lasts_us = self._chance.randrange(600_000_000)
        self.world.outside.silent_until_us = self.world.clock.now_us() + lasts_us

    def _sign(self, agent_id: str) -> None:
        presence = Presence.AWAY if self._chance.random() < 0.2 else Presence.AVAILABLE
        skills = ("sales",) if self._chance.random() < 0.7 else ()
        agent = Agent(agent_id, presence, skills, 2)
        self._replicas[0].agents.append((agent_id, agent))

    def _turn(self) -> None:
        """Let an agent take a task, and soon afterwards end it."""
        agent_id, now_us = self._chance.choice(AGENTS), self.world.clock.now_us()

        def on_one_of_them() -> None:
            self._chance.choice(self._replicas).agents.append((agent_id, None))

        on_one_of_them()
        self._at(now_us + self._chance.randrange(1_200_000_000), on_one_of_them)


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
