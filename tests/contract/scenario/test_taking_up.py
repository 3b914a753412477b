"""People who are quiet already, taken up from profile's log into PostgreSQL."""

import asyncio
import itertools

import pytest

from services.scenario.domain.counts import Counted
from services.scenario.domain.journey import Phase
from services.scenario.domain.taking import take_sets
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.counts import PostgresCounts
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from services.scenario.storage.searches import meant_by
from services.scenario.storage.taking_up import TakingUp
from shared.clock import from_us
from shared.errors import Unavailable
from shared.privacy import FolderWrappingKeys
from shared.testing.clock import FakeClock
from tests.contract.scenario.conftest import one
from tests.grpc.retrieval.replicas import Streamed
from tests.unit.scenario.lapsing import OVER_DAYS, ago, lapsed, scenario
from tests.unit.scenario.playing import ADA, BOB, DAY_US, NOON_US
from tests.unit.scenario.shop import OneBundle, catalogue
from touchpoint.common.v1.vocabulary_pb2 import Origin
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsResponse
from touchpoint.rules.v1 import rules_pb2

EVERYTHING = Counted(since_us=0, now_us=NOON_US)


class Log:
    """Profile's log of events; it may fail after so many answers."""

    def __init__(self, at_once=3):
        self.events, self.asked = [], []
        self.at_once, self.answers_left = at_once, None

    def add(self, *events, origin=Origin.HISTORY):
        self.events += [(event, origin) for event in events]

    def StreamEvents(self, request, timeout=None, metadata=None):  # noqa: N802 as the stub's
        self.asked.append(request)
        return Streamed(self._answers(request))

    def _answers(self, request):
        end = len(self.events)
        for start in range(request.position, end, self.at_once):
            if self.answers_left is not None:
                self.answers_left -= 1
                if self.answers_left < 0:
                    yield Unavailable("away")
            stop = min(start + self.at_once, end)
            told = [each for each in self.events[start:stop] if _is_asked_for(request, *each)]
            yield StreamEventsResponse(position=stop, events=_columns(told))


def _is_asked_for(request, event, origin):
    is_of = not request.person_ids or event.person_id in request.person_ids
    is_type = not request.types or event.type in request.types
    is_origin = not request.origins or origin in request.origins
    return is_of and is_type and is_origin and event.time_us >= request.since_time.ToMicroseconds()


def _columns(told):
    events = [event for event, _ in told]
    return EventColumns(
        person_ids=[each.person_id for each in events],
        types=[each.type for each in events],
        times_us=[each.time_us for each in events],
        channels=[0] * len(events),
        value_micros=[0] * len(events),
        quantities=[1.0] * len(events),
        gifts=[False] * len(events),
        offer_nos=[each.offer_no for each in events],
        event_ids=[each.event_id for each in events],
        decision_ids=[""] * len(events),
    )


def bundle(message=None):
    made = rules_pb2.Bundle()
    if message is not None:
        made.scenarios.append(message)
    return made


class Deployment:
    """A database, profile's log, and what searches it."""

    def __init__(self, database, folder):
        self.database, self.log = database, Log()
        self.clock, self.bundles = FakeClock(from_us(NOON_US)), OneBundle(bundle(lapsed()))
        self.store = PostgresJourneys(database, Notes(FolderWrappingKeys(folder)))
        self.woken = 0

    def replica(self):
        return TakingUp(
            self.database, self.log, self.bundles, catalogue(), self.clock, self._wake, pause_s=0
        )

    async def look(self):
        await self.replica().look()

    async def begun(self):
        """Return when each person's journeys began, by person."""
        rows = await self.database.fetch("SELECT person_id, started_us FROM journeys ORDER BY 1, 2")
        people = itertools.groupby(rows, key=lambda row: row["person_id"])
        return {person: [row["started_us"] for row in theirs] for person, theirs in people}

    async def looks(self):
        rows = await self.database.fetch("SELECT position, is_through, people FROM looks")
        return [tuple(row.values()) for row in rows]

    def _wake(self):
        self.woken += 1


@pytest.fixture
async def deployment(fresh_database, tmp_path):
    return Deployment(await fresh_database("scenario", MIGRATIONS), tmp_path)


def customers(count, days=60):
    return [ago(days, person_id=f"person-{number}") for number in range(count)]


async def test_whoever_is_quiet_in_what_was_imported_begins_and_waits_for_their_turn(deployment):
    deployment.log.add(*customers(7), ago(5, person_id=ADA), ago(400, person_id=BOB))
    await deployment.look()
    assert set(await deployment.begun()) == {f"person-{n}" for n in range(7)} | {ADA}
    journeys = await deployment.store.open_for([f"person-{n}" for n in range(7)])
    assert all(each.phase is Phase.QUIET and each.taken_up_us == NOON_US for each in journeys)
    assert all(NOON_US <= each.due_us <= NOON_US + OVER_DAYS * DAY_US for each in journeys)
    assert await deployment.looks() == [(9, True, 8)]
    assert deployment.woken


async def test_a_second_look_reads_nothing_again_and_only_what_was_imported_since(deployment):
    deployment.log.add(*customers(4))
    await deployment.look()
    deployment.log.add(ago(70, person_id=ADA), origin=Origin.LIVE)
    deployment.log.add(ago(80, person_id=BOB))
    deployment.log.asked.clear()
    await deployment.look()
    assert set(await deployment.begun()) == {f"person-{n}" for n in range(4)} | {BOB}
    assert deployment.log.asked[0].position == 4


async def test_an_import_that_begins_no_silence_ends_those_that_wait(deployment):
    leaves = lapsed()
    leaves.exits.add(on=["complaint"], **{"as": "complained"})
    deployment.bundles.replace(bundle(leaves))
    async with deployment.store.transaction() as transaction:
        await transaction.keep_sets(one(1, ADA, BOB))
    deployment.log.add(ago(60), ago(60, person_id="person-1"))
    await deployment.look()
    deployment.log.add(*(ago(3, "complaint", person_id=each) for each in (BOB, "person-2")))
    await deployment.look()
    assert await deployment.store.open_for([ADA, BOB]) == []
    assert await deployment.store.open_for(["person-1"])


async def test_an_import_that_comes_while_the_log_is_searched_ends_those_found_before(deployment):
    leaves = lapsed()
    leaves.exits.add(on=["complaint"], **{"as": "complained"})
    deployment.bundles.replace(bundle(leaves))
    deployment.log.add(*customers(4))
    deployment.log.answers_left = 3
    with pytest.raises(Unavailable):
        await deployment.look()
    deployment.log.answers_left = None
    deployment.log.add(ago(3, "complaint", person_id="person-0"))
    await deployment.look()
    waiting = await deployment.store.open_for([f"person-{number}" for number in range(4)])
    assert {each.person_id for each in waiting} == {"person-1", "person-2", "person-3"}


async def test_whoever_was_quiet_while_it_was_off_is_found_when_it_is_on_again(deployment):
    await deployment.look()
    deployment.bundles.replace(bundle())
    await deployment.look()
    assert await deployment.looks() == []
    deployment.log.add(ago(50), origin=Origin.LIVE)
    deployment.bundles.replace(bundle(lapsed()))
    await deployment.look()
    assert set(await deployment.begun()) == {ADA}


@pytest.mark.parametrize("answers", range(7))
async def test_wherever_it_breaks_off_nobody_is_passed_over_or_taken_up_twice(deployment, answers):
    deployment.log.add(*customers(6), *customers(6, 50))
    deployment.log.answers_left = answers
    with pytest.raises(Unavailable):
        await deployment.look()
    deployment.log.answers_left = None
    await deployment.look()
    assert await deployment.begun() == {
        f"person-{number}": [ago(50).time_us] for number in range(6)
    }
    ((position, is_through, _),) = await deployment.looks()
    assert (position, is_through) == (12, True)


async def test_a_replica_that_wakes_up_late_writes_nothing(deployment):
    deployment.log.add(*customers(2))
    stream, held = deployment.log.StreamEvents, []

    def overtaken(request, timeout=None, metadata=None):
        answers = stream(request)
        if request.person_ids and not held:
            held.append(request)
            return Overtaken(deployment.database, answers)
        return answers

    deployment.log.StreamEvents = overtaken
    await deployment.look()
    assert held
    assert await deployment.begun() == {}
    assert await deployment.looks() == [(99, False, 0)]


async def test_nobody_is_read_again_for_each_stretch_of_the_log_that_they_are_in(deployment):
    deployment.bundles.replace(bundle(lapsed(quiet_of=["purchase", "view"])))
    came_back = [ago(5, "view", person_id=f"person-{number}") for number in range(3)]
    deployment.log.add(*customers(3, 200), *customers(3, 150), *customers(3, 100), *came_back)
    deployment.log.add(*customers(3, 60), *came_back)
    await deployment.look()
    asked = [person_id for each in deployment.log.asked for person_id in each.person_ids]
    assert sorted(asked) == ["person-0", "person-1", "person-2"]
    deployment.log.add(*customers(1, 3))
    await deployment.look()
    assert await deployment.begun() == {"person-0": [ago(3).time_us]}


async def test_a_silence_that_began_long_ago_and_was_put_off_ever_since_is_found(deployment):
    views = [ago(days, "view") for days in range(600, 40, -20)]
    deployment.bundles.replace(bundle(lapsed(quiet_of=["view"])))
    deployment.log.add(ago(610), *views)
    await deployment.look()
    assert await deployment.begun() == {ADA: [ago(610).time_us]}


async def test_nobody_waits_where_nobody_is_quiet(deployment):
    deployment.bundles.replace(bundle(lapsed(quiet_of=["purchase", "view"])))
    deployment.log.add(ago(100), ago(20, "view"))
    async with deployment.store.transaction(), asyncio.timeout(10):
        # While that transaction writes nobody else has journeys to themselves.
        await deployment.look()
    assert await deployment.looks() == [(2, True, 1)]


async def test_what_happens_between_reading_and_beginning_is_heard(deployment):
    deployment.log.add(ago(60))

    def bought_meanwhile(request, timeout=None, metadata=None):
        answers = list(deployment.log._answers(request))
        if request.person_ids and len(deployment.log.events) == 1:
            deployment.log.add(ago(0.001), origin=Origin.LIVE)
        return Streamed(answers)

    deployment.log.StreamEvents = bought_meanwhile
    await deployment.look()
    (journey,) = await deployment.store.open_for([ADA])
    assert journey.started_us == ago(0.001).time_us


class Overtaken:
    """An answer of profile during which another replica has gone on."""

    def __init__(self, database, answers):
        self._database, self._answers = database, answers

    async def __aiter__(self):
        await self._database.execute("UPDATE looks SET position = 99")
        async for answer in self._answers:
            yield answer

    def cancel(self):
        return True


async def test_persons_who_are_one_are_judged_by_what_all_of_them_did(deployment):
    async with deployment.store.transaction() as transaction:
        await transaction.keep_sets(one(1, ADA, BOB))
    deployment.log.add(ago(60), ago(10, person_id=BOB))
    await deployment.look()
    assert await deployment.begun() == {BOB: [ago(10).time_us]}


async def test_who_turns_out_to_be_one_with_somebody_is_judged_again_by_what_both_did(deployment):
    deployment.log.add(ago(100), ago(10, person_id=BOB))
    await deployment.look()
    async with deployment.store.transaction() as transaction:
        await take_sets(transaction, one(1, ADA, BOB), NOON_US)
    deployment.log.answers_left = 0
    with pytest.raises(Unavailable):
        await deployment.look()
    deployment.log.answers_left = None
    await deployment.look()
    (journey,) = await deployment.store.open_for([ADA, BOB])
    assert (journey.person_id, journey.dormant) == (BOB, False)
    deployment.log.asked.clear()
    await deployment.look()
    assert not any(request.person_ids for request in deployment.log.asked)


async def test_whom_it_means_is_looked_for_anew_when_that_is_edited_and_by_no_other_edit(
    deployment,
):
    deployment.log.add(*customers(2))
    await deployment.look()
    edited = lapsed()
    edited.title = "Another title"
    edited.stages[0].lasts.FromMicroseconds(DAY_US)
    deployment.bundles.replace(bundle(edited))
    deployment.log.asked.clear()
    await deployment.look()
    assert [each.position for each in deployment.log.asked] == [2]
    edited.quiet_already.within.FromMicroseconds(20 * DAY_US)
    deployment.bundles.replace(bundle(edited))
    await deployment.look()
    assert await deployment.begun() == {f"person-{number}": [ago(60).time_us] for number in (0, 1)}
    assert await deployment.looks() == [(2, True, 2)]


@pytest.mark.parametrize(
    "change",
    [
        {"condition": "customer.frequency > 2"},
        {"segments": ["best"]},
        {"where": 'event.type == "purchase"'},
        {"quiet_of": ["view"]},
    ],
)
def test_all_that_says_whom_it_means_counts_as_an_edit(change):
    assert meant_by([scenario()]) != meant_by([scenario(**change)])


async def test_the_report_tells_how_far_it_is_and_who_waits(deployment):
    deployment.log.add(*customers(5), ago(10, person_id=ADA))
    await deployment.look()
    (counted,) = (await PostgresCounts(deployment.database).counts(EVERYTHING)).taken_up
    assert (counted.scenario, counted.looked_at, counted.is_through) == ("lapsed", 6, True)
    assert (counted.number, counted.waiting, counted.entered) == (6, 6, 0)
    assert counted.last_us == ago(10 - 45).time_us
