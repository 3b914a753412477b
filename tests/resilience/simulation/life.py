"""What people, agents and those who edit scenarios do, at moments that a seed draws."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from services.scenario.domain.agents import Agent, Presence
from tests.resilience.simulation.definitions import COME_BACK, SHIPPING, drawn
from tests.resilience.simulation.outside import HOUR_US, Person
from tests.resilience.simulation.replica import Replica
from tests.resilience.simulation.world import START_US, World
from tests.unit.scenario.shop import FREE_SHIPPING, rows
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch

DAY_US = 24 * HOUR_US
PEOPLE, AGENTS = 10, ("eve", "max")
OFFERS = {COME_BACK: 7, SHIPPING: FREE_SHIPPING}
_TYPES = ("view",) * 5 + ("search", "search") + ("add_to_cart",) * 4 + ("checkout_started",) * 2
_TYPES += ("purchase", "purchase", "complaint", "resolved", "accept", "accept", "decline")
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "")


class Life:
    """All that is still to come, and what happens when it does."""

    def __init__(self, world: World, replicas: list[Replica]) -> None:
        self._world = world
        self._chance = world.chance
        self._replicas = replicas
        self._order = itertools.count()
        self._edition = 0
        self.coming: list[tuple[int, int, Callable[[], None]]] = []
        """Moments and what happens at each, the next first."""

    def happen(self, now_us: int) -> None:
        """Let happen what is due."""
        while self.coming and self.coming[0][0] <= now_us:
            heapq.heappop(self.coming)[2]()

    def _at(self, moment_us: int, what: Callable[[], None]) -> None:
        heapq.heappush(self.coming, (moment_us, next(self._order), what))

    def _some(self, end_us: int, often: float, what: Callable[[], None]) -> None:
        """Plan something so often a day, at moments of the seed's own."""
        for _ in range(max(round((end_us - START_US) / DAY_US * often), 1)):
            self._at(START_US + self._chance.randrange(end_us - START_US), what)

    def plan(self, end_us: int) -> None:
        """Draw what will happen until then."""
        people = [f"person-{number}" for number in range(PEOPLE)]
        for person_id in people:
            person = Person(person_id, self._chance.choice(_ZONES), (person_id,))
            self._world.outside.people[person_id] = person
            self._world.outside.say(person)
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
        people = [each for each in self._world.outside.people.values() if not each.is_erased]
        return self._chance.choice(people) if people else None

    def _crowd(self) -> None:
        """Let many do the same at one moment."""
        event_type = self._chance.choice(("add_to_cart", "view"))
        for person in self._world.outside.people.values():
            if not person.is_erased and self._chance.random() < 0.7:
                self._does(person, event_type)

    def _event(self) -> None:
        person = self._anybody()
        if person is not None:
            self._does(person, self._chance.choice(_TYPES))

    def _does(self, person: Person, event_type: str) -> None:
        world, number = self._world, next(self._order)
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
        self._world.outside.say(person)

    def _link(self) -> None:
        """Say of two that they are one, or of such two that they are not."""
        first, second = self._anybody(), self._anybody()
        if first is None or second is None or first is second:
            return
        before = {*first.group, *second.group}
        people = self._world.outside.people
        if first.group == second.group or len(before) > 3:
            groups = [(each,) for each in sorted(before)]
        else:
            groups = [tuple(sorted(before))]
        for group in groups:
            for person_id in group:
                people[person_id].group = group
                self._world.record.linked.append((self._world.clock.now_us(), person_id, group))
                self._world.sets[next(self._order)] = person_id, group

    def _erase(self) -> None:
        person = self._anybody()
        if person is None:
            return
        for person_id in person.group:
            self._world.outside.people[person_id].is_erased = True
            self._world.erasures[next(self._order)] = person_id

    def _edit(self) -> None:
        self._edition += self._chance.random() < 0.7
        self._world.bundles.replace(drawn(self._chance, self._edition))
        self._world.is_edited = True

    def _stock(self) -> None:
        """Let an offer be gone, or all be back."""
        gone = {self._chance.choice(list(OFFERS)): {"withdrawn": self._chance.random() < 0.5}}
        made = self._world.catalogue
        made.apply(
            CatalogueBatch(
                previous_version=made.version, version=made.version + 1, rows=list(rows(**gone))
            )
        )
        self._world.is_edited = True

    def _silence(self) -> None:
        lasts_us = self._chance.randrange(600_000_000)
        self._world.outside.silent_until_us = self._world.clock.now_us() + lasts_us

    def _sign(self, agent_id: str) -> None:
        presence = Presence.AWAY if self._chance.random() < 0.2 else Presence.AVAILABLE
        skills = ("sales",) if self._chance.random() < 0.7 else ()
        agent = Agent(agent_id, presence, skills, 2)
        self._replicas[0].agents.append((agent_id, agent))

    def _turn(self) -> None:
        """Let an agent take a task, and soon afterwards end it."""
        agent_id, now_us = self._chance.choice(AGENTS), self._world.clock.now_us()

        def on_one_of_them() -> None:
            self._chance.choice(self._replicas).agents.append((agent_id, None))

        on_one_of_them()
        self._at(now_us + self._chance.randrange(1_200_000_000), on_one_of_them)
