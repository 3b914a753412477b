"""Calls that come at the same time share a transaction, and each gets the answer it had alone."""

import asyncio

import pytest

from services.profile.domain import recording
from services.profile.domain.lookup import find_person
from services.profile.recorder import Recorder
from services.profile.watching import Watchers
from shared.bus.memory import InMemoryBus
from shared.errors import Unavailable
from tests.contract.profile.desk import NOW_US, identity

PEOPLE = [identity("customer", name) for name in ("ada", "bob", "cleo", "dan", "eve")]
ADA, BOB, *OTHERS = PEOPLE
COOKIE = identity("visitor", "cookie-1")


class Gated:
    """A store where all that begins waits until the gate is opened, and is counted."""

    def __init__(self, store):
        self._store = store
        self.gate = asyncio.Event()
        self.begun = 0
        self.failing = []
        self.transaction = store.transaction
        self.save_unchanged = store.save_unchanged
        self.pack = store.pack

    async def glance(self, keys):
        self.begun += 1
        await self.gate.wait()
        if self.failing:
            raise self.failing.pop()
        return await self._store.glance(keys)


@pytest.fixture
def gated(store):
    return Gated(store)


@pytest.fixture
def recorder(gated, desk):
    return Recorder(gated, Watchers(InMemoryBus()), desk.new_id)


@pytest.fixture
async def record(recorder):
    """Begin calls; they come to their end once the gate is open."""
    calls = []

    async def begin(*arrivals, may_link=True):
        placed = [arrival._replace(place=place) for place, arrival in enumerate(arrivals)]
        call = recorder.record(placed, may_link=may_link, now_us=NOW_US)
        calls.append(asyncio.create_task(call))
        await asyncio.sleep(0)  # it waits now
        return calls[-1]

    yield begin
    await asyncio.gather(*calls, return_exceptions=True)


async def busy(desk, gated, record):
    """Keep a call waiting at the gate; return how many were there by then."""
    before = gated.begun
    await record(desk.arrival(identity("customer", f"first-{before}")))
    while gated.begun == before:
        await asyncio.sleep(0)
    return gated.begun


async def counts(call):
    outcome = await call
    return outcome.accepted, outcome.duplicates, [each.code for each in outcome.rejected]


async def test_what_waits_shares_the_next_transaction(desk, gated, record):
    running = await busy(desk, gated, record)
    calls = [await record(desk.arrival(who), desk.arrival(who)) for who in PEOPLE]
    gated.gate.set()
    assert [await counts(call) for call in calls] == [(2, 0, [])] * len(PEOPLE)
    assert gated.begun == running + 1
    assert [(await find_person(desk.store, [who], "")).seq for who in PEOPLE] == [2] * len(PEOPLE)


async def test_a_small_call_does_not_wait_for_a_large_one(desk, gated, record):
    large = await record(*(desk.arrival(ADA) for _ in range(30)))
    small = await record(desk.arrival(BOB))
    while gated.begun < 2:
        await asyncio.sleep(0)
    gated.gate.set()
    assert [await counts(large), await counts(small)] == [(30, 0, []), (1, 0, [])]


async def test_each_call_hears_of_its_own_events_by_their_own_places(desk, gated, record):
    known = [desk.arrival(ADA) for _ in range(3)]
    gated.gate.set()
    await (await record(*known))
    gated.gate.clear()
    running = await busy(desk, gated, record)
    first = await record(desk.arrival(BOB), known[0])
    second = await record(desk.arrival(BOB), desk.arrival(ADA), known[1]._replace(digest=b"other"))
    third = await record(known[2])
    gated.gate.set()
    assert ((await first).accepted, (await first).repeated) == (1, [1])
    assert (await second).accepted == 2
    assert [(each.place, each.code) for each in (await second).rejected] == [(2, "CONTENT_DIFFERS")]
    assert ((await third).accepted, (await third).repeated) == (0, [0])
    assert gated.begun == running + 1


async def test_one_event_in_two_calls_counts_once(desk, gated, record):
    await busy(desk, gated, record)
    again = desk.arrival(ADA, event_id="again")
    calls = [await record(again, desk.arrival(who)) for who in OTHERS]
    gated.gate.set()
    assert sorted([await counts(call) for call in calls]) == [(1, 1, []), (1, 1, []), (2, 0, [])]


async def test_an_event_in_two_calls_that_is_refused_is_refused_in_both(desk, gated, record):
    await busy(desk, gated, record)
    login = desk.arrival(BOB, COOKIE, kind="login")
    calls = [await record(login, may_link=False) for _ in range(2)]
    gated.gate.set()
    assert [await counts(call) for call in calls] == [(0, 0, ["NOT_ALLOWED"])] * 2


async def test_only_a_caller_that_may_link_links(desk, gated, record):
    await busy(desk, gated, record)
    gated.gate.set()
    may = await record(desk.arrival(ADA, COOKIE, kind="login"))
    may_not = await record(desk.arrival(BOB, COOKIE, kind="login"), may_link=False)
    assert await counts(may) == (1, 0, [])
    assert await counts(may_not) == (0, 0, ["NOT_ALLOWED"])


async def test_a_defect_that_one_call_meets_is_no_others(desk, gated, record, monkeypatch):
    place = recording.place

    def broken(arrivals, *args, **more):
        if any(arrival.event_id == "poison" for arrival in arrivals):
            raise ArithmeticError
        return place(arrivals, *args, **more)

    monkeypatch.setattr(recording, "place", broken)
    await busy(desk, gated, record)
    well = await record(desk.arrival(ADA))
    ill = await record(desk.arrival(BOB, event_id="poison"))
    also_well = await record(desk.arrival(BOB))
    gated.gate.set()
    with pytest.raises(ArithmeticError):
        await ill
    assert [await counts(well), await counts(also_well)] == [(1, 0, []), (1, 0, [])]


async def test_when_the_store_is_away_everybody_hears_it(desk, gated, recorder):
    gated.failing = [Unavailable("away")] * 8
    gated.gate.set()
    calls = (recorder.record([desk.arrival(who)], may_link=True, now_us=NOW_US) for who in PEOPLE)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)


async def test_a_caller_that_leaves_early_is_not_recorded_and_holds_up_nobody(desk, gated, record):
    await busy(desk, gated, record)
    left, stays = await record(desk.arrival(ADA)), await record(desk.arrival(BOB))
    left.cancel()
    await asyncio.wait([left])
    gated.gate.set()
    assert await counts(stays) == (1, 0, [])
    assert not (await find_person(desk.store, [ADA], "")).is_known


async def test_what_a_caller_that_leaves_late_sends_again_counts_once(desk, gated, record):
    left = await record(desk.arrival(ADA, event_id="left"))
    while not gated.begun:
        await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    again = await record(desk.arrival(ADA, event_id="left"))
    gated.gate.set()
    outcome = await again
    assert outcome.accepted + outcome.duplicates == 1
    assert (await find_person(desk.store, [ADA], "")).seq == 1
