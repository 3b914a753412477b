"""Whatever comes in whatever order, twice, or after a crash: each effect comes about once."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.effects import GiveTask
from services.scenario.domain.passage import is_due
from services.scenario.domain.ports import PersonSet
from services.scenario.domain.taking import take_events, take_sets, take_timers
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from tests.properties import examples
from tests.unit.scenario.playing import (
    ADA,
    BOB,
    COME_BACK,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOON_US,
    abandoned_cart,
    event,
    facts,
    for_all,
)

STARTING = for_all({"add_to_cart": [abandoned_cart()]})
PEOPLE = st.sampled_from([ADA, BOB])
CRASH = st.sampled_from(["", "", "", "before_commit"])

EVENTS = st.tuples(
    st.just("event"),
    st.sampled_from(["add_to_cart", "view", "purchase", "accept", "decline"]),
    PEOPLE,
    st.booleans(),
    CRASH,
)
CLAIMS = st.tuples(st.just("claim"), st.sampled_from([0.0, 5.0]))
ACTS = st.tuples(
    st.just("act"), st.integers(0, 9), st.booleans(), st.booleans(), st.booleans(), CRASH
)
TIMES = st.tuples(st.just("time"), st.sampled_from([MINUTE_US, HOUR_US, 2 * DAY_US, 8 * DAY_US]))
LINKS = st.tuples(st.just("link"), st.booleans())


class CrashError(Exception):
    """The process dies before its transaction commits."""


class World:
    """Journeys in memory, claims of any age, and a book of all that ever came about."""

    def __init__(self):
        self.now_us, self.machine_s, self.version, self.number = NOON_US, 0.0, 1, 0
        self.store = InMemoryJourneys(machine_s=lambda: self.machine_s)
        self.claims, self.brought_about, self.over = [], Counter(), {}

    async def play(self, step):
        await getattr(self, f"_{step[0]}")(*step[1:])
        self._check()

    @asynccontextmanager
    async def _dying(self, crash):
        try:
            async with self.store.transaction() as transaction:
                yield transaction
                if crash == "before_commit":
                    raise CrashError
        except CrashError:
            return

    async def _event(self, event_type, person_id, twice, crash):
        answered = COME_BACK if event_type in ("accept", "decline") else 0
        heard = event(event_type, self.now_us, person_id=person_id, offer_no=answered)
        for _ in range(2 if twice else 1):
            async with self._dying(crash) as transaction:
                await take_events(transaction, [heard], STARTING, self.now_us, self._new_id)

    async def _claim(self, lease_s):
        self.claims += await self.store.claim("worker", self.now_us, lease_s, 10)

    async def _act(self, which, is_defined, has_offer, holds, crash):
        if not self.claims:
            return
        found = facts(
            is_defined=is_defined, offers=None if has_offer else {}, situation_holds=holds
        )
        claim = self.claims[which % len(self.claims)]  # maybe long lost, maybe acted on before
        written = set(self.store.effects)
        steps = []
        async with self._dying(crash) as transaction:
            steps = await take_timers(transaction, [(claim, found)], self.now_us)
        if crash:
            assert self.store.effects == written
            return
        for step in steps:
            for effect in step.effects:
                kind = "task" if isinstance(effect, GiveTask) else "offer"
                journey = step.journey
                self.brought_about[journey.journey_id, kind, journey.stage] += 1

    async def _time(self, by_us):
        self.now_us += by_us
        self.machine_s += 10.0

    async def _link(self, together):
        self.version += 1
        persons = (ADA, BOB)
        sets = [PersonSet(each, persons if together else (each,), self.version) for each in persons]
        async with self.store.transaction() as transaction:
            await take_sets(transaction, sets, self.now_us)

    def _new_id(self, now_us):
        self.number += 1
        return f"journey-{self.number:04d}"

    def _check(self):
        journeys = self.store.journeys.values()
        tasks = Counter(task.journey_id for task, _ in self.store.tasks.values())
        assert all(count == 1 for count in tasks.values())
        for journey in journeys:
            if journey.journey_id in self.over:
                assert journey == self.over[journey.journey_id], "ended stays ended"
            elif journey.is_over:
                self.over[journey.journey_id] = journey
            tasks_open = [
                task
                for task, _ in self.store.tasks.values()
                if task.journey_id == journey.journey_id and not task.outcome
            ]
            assert not (journey.is_over and tasks_open)
        for person_id in (ADA, BOB):
            group = self.store.set_of(person_id)
            awake = [
                each
                for each in journeys
                if each.person_id in group and not each.is_over and not each.dormant
            ]
            assert len(awake) <= 1, "one journey of a scenario per set"


@examples(150)
@given(st.lists(st.one_of(EVENTS, CLAIMS, ACTS, ACTS, TIMES, LINKS), max_size=40))
def test_any_interleaving_brings_each_effect_about_at_most_once(steps):
    world = World()

    async def play():
        for step in steps:
            await world.play(step)

    asyncio.run(play())
    tasks = [key for key in world.brought_about if key[1] == "task"]
    assert all(world.brought_about[key] == 1 for key in tasks)


@examples(60)
@given(st.lists(st.one_of(EVENTS, CLAIMS, ACTS, TIMES), max_size=25))
def test_after_any_interleaving_every_journey_comes_to_its_end(steps):
    """No journey is stuck: with a worker that lives and time that passes, all are over."""
    world = World()

    async def play():
        for step in steps:
            await world.play(step)
        for _ in range(8):
            await world.play(("time", 8 * DAY_US))
            for claim in await world.store.claim("last", world.now_us, 5.0, 50):
                world.claims = [claim]
                await world.play(("act", 0, True, True, True, ""))

    asyncio.run(play())
    assert all(journey.is_over for journey in world.store.journeys.values())
    assert not any(is_due(journey, world.now_us) for journey in world.store.journeys.values())
