"""The worker of a replica, on journeys in memory."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from services.scenario.domain.journey import Phase
from services.scenario.domain.passage import needs_situation
from services.scenario.domain.taking import take_events
from services.scenario.journeys import timers
from services.scenario.journeys.timers import FEWEST, MOST, Timers
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.clock import from_us
from shared.errors import Unavailable
from shared.testing.background import running, until
from shared.testing.clock import FakeClock
from tests.unit.scenario.playing import ADA, BOB, NOON_US, abandoned_cart, event, for_all
from tests.unit.scenario.shop import Told

QUIET = timedelta(minutes=30)


class DeathError(BaseException):
    """The process dies: nothing of it gets to clean up."""


class Machine:
    """Machine time that a test moves."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def clock():
    return FakeClock(from_us(NOON_US))


@pytest.fixture
async def store(machine, clock):
    kept = InMemoryJourneys(machine_s=machine)
    async with kept.transaction() as transaction:
        starting = for_all({"add_to_cart": [abandoned_cart()]})
        await take_events(transaction, [event()], starting, clock.now_us(), lambda _: "journey")
    return kept


def worker(store, clock, finder=None, **more):
    return Timers(store, finder or Told(), clock, owner="worker", lease_s=5.0, **more)


async def test_nobody_is_asked_before_it_is_time(store, clock):
    finder = Told()
    assert await worker(store, clock, finder).work_once() == 0
    assert finder.asked == 0


async def test_what_was_committed_is_told_to_the_read_model(store, clock):
    told = []
    clock.advance(QUIET)
    await worker(store, clock, moved=told.extend).work_once()
    assert [step.journey.phase for step in told] == [Phase.STAGE]


async def test_while_profile_does_not_answer_the_journey_is_left_alone_and_not_lost(
    store, clock, machine
):
    finder = Told(failures=2)
    timers = worker(store, clock, finder)
    clock.advance(QUIET)
    for pause_s in (0.5, 1.0):
        assert await timers.work_once() == 1
        machine.now_s += pause_s - 0.01
        assert await timers.work_once() == 0
        machine.now_s += 0.02
    assert await timers.work_once() == 1
    assert finder.asked == 3
    (journey,) = await store.open_for([ADA])
    assert journey.phase is Phase.STAGE


async def test_a_worker_that_dies_after_its_claim_loses_nothing_but_its_lease(
    store, clock, machine
):
    def die(point):
        if point == "before_commit":
            raise DeathError

    clock.advance(QUIET)
    with pytest.raises(DeathError):
        await worker(store, clock, reach=die).work_once()
    (journey,) = await store.open_for([ADA])
    assert journey.phase is Phase.QUIET
    successor = worker(store, clock)
    assert await successor.work_once() == 0
    machine.now_s += 5.0
    assert await successor.work_once() == 1
    assert len(store.effects) == 1


async def test_running_it_looks_at_once_when_the_clock_was_moved(store, clock):
    timers = worker(store, clock)
    async with running(timers):
        await asyncio.sleep(0)
        clock.advance(QUIET)
        timers.clock_moved()
        await until(lambda: len(store.effects) == 1, timeout_s=5.0)


async def test_running_it_looks_at_the_next_due_time_without_being_told(store, clock):
    clock.advance(QUIET - timedelta(milliseconds=1))
    async with running(worker(store, clock)):
        await until(lambda: len(store.effects) == 0)
        clock.advance(timedelta(milliseconds=1))
        await until(lambda: len(store.effects) == 1, timeout_s=5.0)


async def test_a_journey_that_cannot_be_brought_forward_does_not_hold_up_the_others(
    store, clock, machine
):
    class Poisoned(Told):
        async def about(self, claim):
            found = await super().about(claim)
            return None if claim.journey.journey_id == "journey" else found

    async with store.transaction() as transaction:
        starting = for_all({"add_to_cart": [abandoned_cart()]})
        numbers = itertools.count()
        others = [event(person_id=f"person-{number}") for number in range(6)]
        await take_events(
            transaction, others, starting, clock.now_us(), lambda _: f"j{next(numbers)}"
        )
    clock.advance(QUIET)
    timers = worker(store, clock, Poisoned())
    assert await timers.work_once() == 7
    assert len(store.effects) == 6
    assert await timers.work_once() == 0
    machine.now_s += 1.0
    assert await timers.work_once() == 1


async def test_what_needs_nothing_of_profile_does_not_wait_until_it_answers(store, clock):
    """Ada's cart waits for its call while Bob's is asked about in vain."""

    class Silent(Told):
        async def about(self, claim):
            if needs_situation(claim.journey):
                await asyncio.Event().wait()
            return await super().about(claim)

    clock.advance(QUIET)
    await worker(store, clock).work_once()
    async with store.transaction() as transaction:
        starting, later_us = for_all({"add_to_cart": [abandoned_cart()]}), clock.now_us()
        bobs = event(person_id=BOB, time_us=later_us)
        await take_events(transaction, [bobs], starting, later_us, lambda _: "bobs")
    clock.advance(timedelta(days=2))
    async with running(worker(store, clock, Silent())):
        await until(lambda: len(store.tasks) == 1, timeout_s=5.0)


class Away(InMemoryJourneys):
    """Journeys whose database goes away after a claim, and comes back when it is told to."""

    is_away = True
    tries = 0

    @asynccontextmanager
    async def transaction(self):
        self.tries += 1
        if self.is_away:
            raise Unavailable("the database cannot be reached")
        async with super().transaction() as transaction:
            yield transaction


async def test_while_the_database_is_away_no_journey_is_taken_for_the_one_at_fault(machine, clock):
    store = Away(machine_s=machine)
    store.is_away = False
    async with store.transaction() as transaction:
        starting, numbers = for_all({"add_to_cart": [abandoned_cart()]}), itertools.count()
        everybody = [event(person_id=f"person-{number}") for number in range(4)]
        await take_events(
            transaction, everybody, starting, clock.now_us(), lambda _: f"j{next(numbers)}"
        )
    clock.advance(QUIET)
    store.is_away, store.tries = True, 0
    timers = worker(store, clock)
    with pytest.raises(Unavailable):
        await timers.work_once()
    assert store.tries == 1
    store.is_away = False
    assert await timers.work_once() == 0
    machine.now_s += 5.0
    assert await timers.work_once() == 4
    assert len(store.effects) == 4


async def test_however_long_the_database_is_away_it_is_asked_every_second(clock, monkeypatch):
    class Gone(InMemoryJourneys):
        async def claim(self, owner, now_us, lease_s, limit):
            raise Unavailable("the database cannot be reached")

    pauses = []

    async def sleep(pause_s):
        pauses.append(pause_s)
        if len(pauses) == 10:
            raise DeathError

    monkeypatch.setattr("services.scenario.journeys.timers.asyncio.sleep", sleep)
    with pytest.raises(DeathError):
        await worker(Gone(), clock).run()
    assert pauses == [0.5, *[1.0] * 9]


async def test_what_is_due_and_locked_by_somebody_else_does_not_keep_the_worker_busy(store, clock):
    class Locked(InMemoryJourneys):
        looks = 0

        async def claim(self, owner, now_us, lease_s, limit):
            self.looks += 1
            if self.looks > 100:
                raise DeathError
            return []

        async def next_due_us(self):
            return NOON_US

    locked = Locked()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await worker(locked, clock).run()
    assert locked.looks > 1


async def test_whoever_commits_one_wakes_the_timers_at_once(store, clock, monkeypatch):
    monkeypatch.setattr("services.scenario.journeys.timers.POLL_S", 60.0)
    looks = 0
    claim = store.claim

    async def counted(*arguments):
        nonlocal looks
        looks += 1
        return await claim(*arguments)

    store.claim = counted
    timers = worker(store, clock)
    async with running(timers):
        await until(lambda: looks == 1)
        clock.advance(QUIET)
        timers.wake()
        await until(lambda: len(store.effects) == 1, timeout_s=5.0)


async def test_what_cannot_be_asked_about_before_its_lease_gets_short_is_anybodys(machine, clock):
    class Slow(Told):
        async def about(self, claim):
            machine.now_s += 0.4
            return await super().about(claim)

    store = InMemoryJourneys(machine_s=machine)
    async with store.transaction() as transaction:
        starting, numbers = for_all({"add_to_cart": [abandoned_cart()]}), itertools.count()
        everybody = [event(person_id=f"person-{number}") for number in range(16)]
        await take_events(
            transaction, everybody, starting, clock.now_us(), lambda _: f"j{next(numbers)}"
        )
    clock.advance(QUIET)
    finder = Slow()
    assert await worker(store, clock, finder, machine_s=machine).work_once() == 16
    assert (finder.asked, len(store.effects)) == (8, 8)
    assert len(await store.claim("another", clock.now_us(), 5.0, 16)) == 8


async def test_as_many_as_are_quickly_done_are_claimed_the_next_time_and_fewer_when_slow(
    store, machine, clock
):
    limits = []

    async def claim(owner, now_us, lease_s, limit):
        limits.append(limit)
        machine.now_s += 0.0 if limit < MOST else 1.0
        return [None] * limit

    store.claim = claim
    timers = worker(store, clock, machine_s=machine)
    timers._parted = lambda _: asyncio.sleep(0, ([], []))
    for _ in range(5):
        await timers.work_once()
    assert limits == [FEWEST, 2 * FEWEST, MOST, MOST // 2, MOST]


async def test_while_nothing_is_due_nothing_is_claimed(store, clock, monkeypatch):
    monkeypatch.setattr(timers, "POLL_S", 0.0)
    monkeypatch.setattr(timers, "_LEAST_PAUSE_S", 0.0)
    asked = []

    async def claim(*_):
        asked.append("claim")
        return []

    async def next_due():
        asked.append("next due")
        return 0

    monkeypatch.setattr(store, "claim", claim)
    monkeypatch.setattr(store, "next_due_us", next_due)
    one = worker(store, clock)
    async with running(one):
        await until(lambda: asked.count("next due") > 3)
        assert asked[:4] == ["claim", "next due", "next due", "next due"]
        one.wake()
        await until(lambda: asked.count("claim") > 1)
