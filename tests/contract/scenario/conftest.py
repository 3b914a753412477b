"""The journeys' stores, and persons with ids as profile makes them."""

import itertools
from dataclasses import dataclass, field

import pytest

from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.ports import PersonSet
from services.scenario.domain.taking import take_events, take_sets, take_timers
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.counts import PostgresCounts
from services.scenario.storage.errands import PostgresErrands
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_counts import InMemoryCounts
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.in_memory_queue import InMemoryQueue
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from services.scenario.storage.queue import PostgresQueue
from shared.privacy import FolderWrappingKeys
from tests.unit.scenario.playing import (
    DAY_US,
    MINUTE_US,
    NOON_US,
    abandoned_cart,
    event,
    facts,
    for_all,
)

ALL = for_all({kind: [abandoned_cart()] for kind in ("add_to_cart", "checkout_started")})
QUIET_US = NOON_US + 30 * MINUTE_US


def one(version, *persons):
    """Say that persons are one, as profile tells it: once for each."""
    return [PersonSet(person_id, persons, version) for person_id in persons]


def apart(version, *persons):
    return [PersonSet(person_id, (person_id,), version) for person_id in persons]


@dataclass
class Desk:
    """A store of journeys with what tests do to it."""

    store: object
    agents: object
    errands: object = None
    counting: object = None
    is_postgres: bool = False
    queue: object = None
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def new_id(self, now_us):
        return f"journey-{next(self.numbers):04d}"

    async def take(self, *events, now_us=None, starting_of=ALL):
        async with self.store.transaction() as transaction:
            return await take_events(
                transaction, events, starting_of, now_us or events[-1].time_us, self.new_id
            )

    async def link(self, *sets):
        async with self.store.transaction() as transaction:
            return await take_sets(transaction, sets, NOON_US + DAY_US)

    async def look(self, now_us, found=None, worker="worker"):
        claims = await self.store.claim(worker, now_us, 5.0, 50)
        return [step for claim in claims for step in await self.act(claim, now_us, found)]

    async def act(self, claim, now_us, found=None):
        async with self.store.transaction() as transaction:
            return await take_timers(transaction, [(claim, found or facts())], now_us)

    async def call_for(self, person_id, later_us=0):
        """Lead somebody to the stage in which an agent calls them; returns the journey's id."""
        await self.take(event(person_id=person_id, time_us=NOON_US + later_us))
        await self.look(QUIET_US + later_us)
        (journey,) = await self.store.open_for([person_id])
        await self.look(journey.due_us)
        return journey.journey_id

    async def sign_on(self, agent_id, skills=("sales",), capacity=1, presence=Presence.AVAILABLE):
        await self.agents.save(Agent(agent_id, presence, skills, capacity), NOON_US)

    async def goes_silent(self, agent_id):
        """Let it be long since somebody was heard of."""
        if self.is_postgres:
            statement = (
                "UPDATE agents SET seen_time = seen_time - interval '181 s' WHERE agent_id = $1"
            )
            await self.agents._database.execute(statement, agent_id)
        else:
            self.agents._seen_s[agent_id] -= 181.0


@pytest.fixture(params=["memory", "postgres"])
async def desk(request, fresh_database, tmp_path):
    if request.param == "memory":
        agents = InMemoryAgents()
        store = InMemoryJourneys(agents)
        errands = InMemoryErrands(store)
        counting = InMemoryCounts(store, errands)
        return Desk(store, agents, errands, counting, queue=InMemoryQueue(store, errands))
    database = await fresh_database("scenario", MIGRATIONS)
    notes = Notes(FolderWrappingKeys(tmp_path))
    store = PostgresJourneys(database, notes)
    errands, counting = PostgresErrands(database), PostgresCounts(database)
    queue = PostgresQueue(database)
    return Desk(store, PostgresAgents(database), errands, counting, is_postgres=True, queue=queue)
