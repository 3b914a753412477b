"""What the replicas of the simulation share: stores, definitions, the bus, people, and chance."""

from __future__ import annotations

import itertools
import random

from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.clock import from_us
from shared.testing.clock import FakeClock
from tests.resilience.simulation.definitions import bundle
from tests.resilience.simulation.outside import Outside
from tests.resilience.simulation.processes import Misfortune
from tests.resilience.simulation.record import Record
from tests.resilience.simulation.watching import Watcher
from tests.unit.scenario.shop import OneBundle, catalogue
from touchpoint.common.v1.bus_pb2 import EventNotice

START_US = 1_772_452_800_000_000


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
