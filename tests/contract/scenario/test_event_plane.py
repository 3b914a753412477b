"""Journeys between the bus and PostgreSQL: what comes in takes effect, and replicas hear of it."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from services.scenario.domain.journey import Phase
from services.scenario.domain.taking import take_timers
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import _SQL as AGENTS
from services.scenario.storage.consumers import (
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.scenario.storage.following import ProposalFollower
from services.scenario.storage.journeys import _SQL as JOURNEYS
from services.scenario.storage.journeys import _TASKS as TASKS
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.bus import Publication, Relay
from shared.bus.subjects import HISTORY_IMPORTED, erasures_of, events_of, identities_of
from shared.clock import from_us
from shared.postgres import Database
from shared.privacy import FolderWrappingKeys
from shared.testing.background import running, until
from shared.testing.clock import FakeClock
from shared.testing.statements import refuted_statements
from tests.contract.scenario.conftest import QUIET_US
from tests.unit.scenario.playing import ADA, BOB, COME_BACK, DAY_US, MINUTE_US, NOON_US, facts
from tests.unit.scenario.shop import OneBundle, bundle, catalogue
from touchpoint.common.v1.bus_pb2 import (
    EventNotice,
    EventNotices,
    HistoryImported,
    IdentityNotice,
    PersonErased,
)
from touchpoint.common.v1.vocabulary_pb2 import Origin


def told(event_type="add_to_cart", time_us=NOON_US, person_id=ADA, **more):
    more.setdefault("origin", Origin.LIVE)
    notice = EventNotice(type=event_type, time_us=time_us, person_id=person_id, **more)
    return Publication.of(events_of(person_id), 1, EventNotices(notices=[notice]))


def one(version, *person_ids):
    return [
        Publication.of(
            identities_of(each),
            1,
            IdentityNotice(person_id=each, person_ids=person_ids, version=version),
        )
        for each in person_ids
    ]


class Plane:
    """A database with all that reads from and writes to the bus."""

    def __init__(self, database, bus, folder):
        self.clock = FakeClock(from_us(NOON_US))
        self.store = PostgresJourneys(database, Notes(FolderWrappingKeys(folder)))
        self.bus, self.woken, self.tasks = bus, 0, 0
        self.wakes, self.writing = asyncio.Event(), 0
        self.bundles = OneBundle()
        self.follower = ProposalFollower(bus, self.store, self._task)
        self.jobs = [
            events_consumer(bus, database, self.bundles, catalogue(), self.clock, self._wake),
            identities_consumer(bus, database, self.clock, self._wake),
            erasures_consumer(bus, database),
            Relay(bus, database),
            self.follower,
        ]

    def _wake(self):
        self.woken += 1
        self.writing_when_woken = self.writing
        self.wakes.set()

    def _task(self):
        self.tasks += 1

    async def count(self, *person_ids):
        return len(await self.store.open_for(person_ids or [ADA]))

    async def holds(self, number, *person_ids):
        async def is_so():
            return await self.count(*person_ids) == number

        await until(is_so)

    async def is_one(self, *person_ids):
        async with self.store.transaction() as transaction:
            known = await transaction.sets_of(person_ids)
            return set(known.values()) == {person_ids}

    async def offer(self, now_us=QUIET_US):
        (claim,) = await self.store.claim("worker", now_us, 5.0, 10)
        async with self.store.transaction() as transaction:
            return await take_timers(transaction, [(claim, facts())], now_us)

    def proposed(self, *person_ids):
        standing = self.follower.proposals.of(person_ids or [ADA], QUIET_US)
        return [offer_no for each in standing for offer_no in each.offer_nos]


@pytest.fixture
async def plane(fresh_database, in_memory_bus, tmp_path):
    made = Plane(await fresh_database("scenario", MIGRATIONS), in_memory_bus, tmp_path)
    async with running(*made.jobs):
        yield made


async def test_every_statement_fits_the_schema(postgres):
    async with postgres.clone("scenario", MIGRATIONS) as url:
        assert await refuted_statements(url, AGENTS, JOURNEYS, TASKS) == {}


async def test_a_live_event_begins_a_journey_and_wakes_timers_that_see_it(plane, monkeypatch):
    opened = Database.transaction

    @asynccontextmanager
    async def counted(database, *begin):
        plane.writing += 1
        async with opened(database, *begin) as transaction:
            yield transaction
        plane.writing -= 1

    monkeypatch.setattr(Database, "transaction", counted)
    await plane.bus.publish([told()])
    await plane.wakes.wait()
    assert (plane.writing_when_woken, await plane.count()) == (0, 1)


async def test_what_is_tried_on_some_begins_their_journeys_and_nobody_elses(plane):
    plane.bundles.replace(bundle(with_abandoned_cart=False))
    plane.bundles.try_out(bundle(), BOB)
    await plane.bus.publish([told(), told(person_id=BOB)])
    await plane.holds(1, BOB)
    assert await plane.count(ADA) == 0


async def test_history_and_what_is_older_than_a_day_begin_nothing(plane):
    imported = Publication.of(HISTORY_IMPORTED, 1, HistoryImported(import_id="i"))
    old = told(time_us=NOON_US - DAY_US - 1, person_id="person-old")
    await plane.bus.publish([imported, told(origin=Origin.HISTORY), old, told(person_id=BOB)])
    await plane.holds(1, BOB)
    assert await plane.count(ADA, "person-old") == 0


async def test_a_view_pushes_the_quiet_of_somebody_on_a_journey_and_of_their_set(plane):
    await plane.bus.publish(one(2, ADA, BOB))
    await plane.bus.publish([told()])
    await plane.holds(1)
    await until(lambda: plane.is_one(ADA, BOB))
    await plane.bus.publish([told("view", NOON_US + MINUTE_US, BOB)])

    async def is_pushed():
        (journey,) = await plane.store.open_for([ADA])
        return journey.due_us == QUIET_US + MINUTE_US

    await until(is_pushed)
    assert plane.woken == 1, "nothing falls due sooner"


async def test_the_same_event_delivered_twice_begins_one_journey(plane):
    again = told()
    await plane.bus.publish([again])
    await plane.holds(1)
    plane.bus.forget_ids()
    await plane.bus.publish([again, told(person_id=BOB)])
    await plane.holds(1, BOB)
    assert await plane.count() == 1


async def test_what_a_journey_proposes_reaches_the_memory_of_a_replica_and_leaves_it(plane):
    await plane.bus.publish([told()])
    await plane.holds(1)
    await plane.offer()
    await until(lambda: plane.proposed() == [COME_BACK])
    await plane.bus.publish([told("decline", QUIET_US + 1, offer_no=COME_BACK)])
    await until(lambda: plane.proposed() == [])
    assert await plane.count() == 0


async def test_a_replica_knows_at_once_what_it_has_committed_itself(plane):
    await plane.bus.publish([told()])
    await plane.holds(1)
    plane.bus.disconnect()
    plane.follower.moved(await plane.offer())
    assert plane.proposed() == [COME_BACK]


async def test_those_who_watch_for_tasks_hear_of_tasks_alone(plane):
    await plane.bus.publish([told()])
    await plane.holds(1)
    await plane.offer()
    await until(lambda: plane.proposed() == [COME_BACK])
    assert plane.tasks == 0
    await plane.offer(QUIET_US + 2 * DAY_US)
    await until(lambda: plane.tasks == 1)


async def test_what_the_bus_lost_is_found_in_the_tables(plane):
    await plane.bus.publish([told()])
    await plane.holds(1)
    plane.bus.disconnect()
    await plane.offer()
    assert plane.proposed() == []
    assert await plane.follower._mend() is False
    assert plane.proposed() == [COME_BACK]


async def test_a_replica_that_starts_later_knows_what_is_proposed(plane, in_memory_bus):
    await plane.bus.publish([told()])
    await plane.holds(1)
    await plane.offer()
    late = ProposalFollower(in_memory_bus, plane.store)
    async with running(late):
        await until(lambda: len(late.proposals.of([ADA], QUIET_US)) == 1)


async def test_a_link_told_on_the_bus_makes_a_goal_of_one_end_the_journey_of_the_other(plane):
    await plane.bus.publish(one(2, ADA, BOB))

    await until(lambda: plane.is_one(ADA, BOB))
    await plane.bus.publish([told()])
    await plane.holds(1)
    await plane.bus.publish([told("purchase", NOON_US + MINUTE_US, BOB)])
    await plane.holds(0, ADA, BOB)


async def test_an_erasure_told_on_the_bus_deletes_and_silences(plane):
    await plane.bus.publish([told(), told(person_id=BOB)])
    await plane.holds(2, ADA, BOB)
    erased = PersonErased(person_ids=[ADA])
    await plane.bus.publish([Publication.of(erasures_of(ADA), 1, erased)])
    await plane.holds(0, ADA)
    await plane.bus.publish([told(time_us=NOON_US + 1), told(person_id="person-cy")])
    await plane.holds(1, "person-cy")
    assert await plane.count(ADA) == 0
    (kept,) = await plane.store.open_for([BOB])
    assert kept.phase is Phase.QUIET


async def test_the_proposal_of_somebody_erased_leaves_every_memory(plane):
    await plane.bus.publish([told()])
    await plane.holds(1)
    await plane.offer()
    await until(lambda: plane.proposed() == [COME_BACK])
    await plane.store.erase([ADA])
    await until(lambda: plane.proposed() == [])
