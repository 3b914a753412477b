"""What is played of events is what they do live: journey by journey, stage by stage."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.backtest.clock import PlayedClock
from services.scenario.backtest.errands import AlwaysWritten, every_channel
from services.scenario.backtest.player import ItemInView, Player
from services.scenario.backtest.record import Record
from services.scenario.domain.counts import Counted
from services.scenario.domain.errands import State
from services.scenario.domain.facts import Happened
from services.scenario.domain.taking import take_events
from services.scenario.errands.doing import Errands
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.timers import Timers
from services.scenario.messages.permitting import Full
from services.scenario.messages.sending import Sender
from services.scenario.storage.in_memory_counts import InMemoryCounts
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.clock import from_us
from shared.conditions.person import PersonValues
from shared.testing.clock import FakeClock
from tests.properties import examples
from tests.unit.scenario.playing import HOUR_US, NOON_US
from tests.unit.scenario.shop import OneBundle, catalogue
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_pb2

PEOPLE = ("ada", "bob", "eve")
TYPES = ("view", "search", "add_to_cart", "purchase", "complaint", "accept", "decline")
OFFERS = ("come_back", "free_shipping")
COME_BACK = 7
SPAN_US = 96 * HOUR_US


class Crowd:
    """People of whom is known how often they did something: what conditions read is counted."""

    def __init__(self, clock):
        self._clock = clock
        self._done = {}

    def note(self, event):
        self._done.setdefault(event.person_id, []).append(event)

    def values(self, snapshot):
        return PersonValues(snapshot)

    async def snapshot(self, person_id):
        done = self._done.get(person_id, [])
        made = PersonSnapshot(person_ids=[person_id], as_of_us=self._clock.now_us())
        made.traits.frequency = sum(each.type == "purchase" for each in done)
        made.cart.value_micros = 60_000_000 * sum(each.type == "add_to_cart" for each in done)
        made.session.hesitating = bool(done) and done[-1].type == "search"
        made.consents.extend(["marketing"] if person_id != "eve" else [])
        made.time_zone = "Europe/Vienna" if person_id == "ada" else ""
        return made


class Room:
    """`Permits` with room for one message by SMS in 20 hours."""

    def __init__(self, crowd):
        self._crowd = crowd
        self._made = {}

    async def person(self, person_id):
        return await self._crowd.snapshot(person_id)

    async def reserve(self, contact_id, person, policy, channel):
        made = self._made.setdefault((person.person_ids[0], channel), {})
        free_us = max(made.values(), default=0) + 20 * HOUR_US
        if channel == Channel.SMS and contact_id not in made and person.as_of_us < free_us:
            return Full(free_us)
        made[contact_id] = person.as_of_us
        return None

    async def release(self, contact_id):
        return None


class NoLog:
    async def write(self, dispatch):
        return None


class Alone:
    def of(self, person_id):
        return (person_id,)


class Heard(Record):
    """Keeps every journey, and every effect."""

    def __init__(self):
        super().__init__(Alone())
        self.effects, self.ever = set(), {}

    def moved(self, before, step, effects):
        super().moved(before, step, effects)
        journey = step.journey
        self.ever[journey.journey_id] = journey
        self.effects.update(
            (journey.journey_id, due.stage, due.occurrence, due.effect.kind) for due in effects
        )


async def played(events, made, until_us):
    clock, heard = PlayedClock(), Heard()
    crowd = Crowd(clock)

    player = Player(
        catalogue(), OneBundle(made), crowd, Room(crowd), NoLog(), Alone(), clock, heard
    )
    for event in events:
        await player.until(event.time_us)
        crowd.note(event)
        await player.concerned(event)
    await player.until(until_us)
    counts = await heard.counts(0, until_us)
    return heard.ever, heard.effects, heard.dispatches.values(), counts


async def lived(events, made, until_us):
    """Let the same happen to what runs live, on stores in memory."""
    clock = FakeClock(from_us(events[0].time_us))
    store = InMemoryJourneys(machine_s=lambda: clock.now_us() / 1e6)
    errands = InMemoryErrands(store)
    await live(events, made, until_us, store, errands, clock)
    counts = await InMemoryCounts(store, errands).counts(Counted(0, until_us))
    return store.journeys, store.effects, errands.all().values(), counts


async def live(events, made, until_us, store, errands, clock):
    """Let the workers of a service work, whose clock is moved from moment to moment."""
    books = OneBundle(made)
    crowd = Crowd(clock)
    timers = Timers(
        store,
        Finder(catalogue(), books, crowd, clock, ItemInView()),
        clock,
        owner="worker",
        lease_s=5.0,
    )
    sender = Sender(errands, AlwaysWritten(), every_channel(), Room(crowd), clock)
    worker = Errands(errands, sender, NoLog(), catalogue(), clock, owner="worker")
    numbers = itertools.count(1)

    async def wait_until(moment_us):
        while True:
            due = [await store.next_due_us(), await errands.next_due_us()]
            first_us = min(filter(None, due), default=0)
            if not first_us or first_us > moment_us:
                break
            clock.advance(timedelta(microseconds=max(first_us - clock.now_us(), 0)))
            while await timers.work_through():
                pass
            await worker.work_once()
        clock.advance(timedelta(microseconds=moment_us - clock.now_us()))

    for event in events:
        await wait_until(event.time_us)
        crowd.note(event)
        async with store.transaction() as transaction:
            await take_events(
                transaction,
                [event],
                lambda ids: books.for_person(ids[0]).for_person(ids[0], clock.now_us()).starting,
                clock.now_us(),
                lambda _: f"journey-{next(numbers):09d}",
            )
    await wait_until(until_us)


def seen(journeys, effects, dispatches, counts):
    """Return all that anybody could see of it, to be compared."""
    passages = {
        journey_id: (
            each.person_id,
            each.scenario.name,
            each.started_us,
            each.phase,
            each.current.name if each.current else "",
            each.occurrence,
            each.entered_us,
            each.until_us,
            each.due_us,
            each.answer,
            each.messages,
            each.offer_nos,
            each.outcome,
            each.ended_as,
            each.ended_us,
            each.obstacle,
            each.cart,
        )
        for journey_id, each in journeys.items()
    }
    sent = sorted(
        (*_place(each), each.state.value, each.reason, each.sent_us, each.channel)
        for each in dispatches
        if each.state is not State.SENDING
    )
    return passages, sorted(effects), sent, counts


def _place(dispatch):
    return dispatch.journey_id, dispatch.stage, dispatch.occurrence


@st.composite
def scripts(draw):
    count = draw(st.integers(1, 25))
    moments = sorted(draw(st.sets(st.integers(1, SPAN_US), min_size=count, max_size=count)))
    events = []
    for moment in moments:
        type_ = draw(st.sampled_from(TYPES))
        offer_no = COME_BACK if type_ in ("accept", "decline") else draw(st.sampled_from((3, 4)))
        values = {"event.type": type_, "event.value_micros": draw(st.sampled_from((0, 90)))}
        person_id = draw(st.sampled_from(PEOPLE))
        events.append(Happened(person_id, type_, NOON_US + moment, offer_no, values))
    return events


def _conditions():
    return st.sampled_from(
        (
            "",
            "",
            "customer.frequency > 0",
            "customer.cart_value_micros > 60000000",
            "journey.stages < 3",
            'journey.answer == ""',
        )
    )


def _types():
    return st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True)


def _minutes():
    return st.sampled_from((7, 45, 180, 1500)).map(lambda minutes: f"{minutes * 60}s")


def _actions():
    offers = st.lists(st.sampled_from(OFFERS), min_size=1)
    channels = st.sampled_from((["EMAIL"], ["SMS"], ["EMAIL", "SMS", "PUSH"]))
    task = {"kind": "call", "offers": ["come_back"], "skills": ["sales"]}
    return st.one_of(
        offers.map(lambda each: {"propose": {"offers": each}}),
        st.just({"task": task}),
        channels.map(lambda each: {"send": {"template": "hello", "channels": each}}),
        st.just({}),
        st.just({"set": {"tier": "gold"}, "note": "Was here."}),
    )


@st.composite
def stages(draw, name, names):
    places = st.sampled_from([*names, "end"])
    made = {"stage": name, **draw(_actions()), "condition": draw(_conditions())}
    if "send" not in made and "note" not in made:
        made["lasts"] = draw(_minutes())
        if draw(st.booleans()):
            made["until"] = {"at": "10:00", "workingDay": draw(st.booleans())}
        if draw(st.booleans()):
            made["on"] = [{"on": draw(_types()), "to": draw(places)}]
        if draw(st.booleans()):
            made["answers"] = {draw(st.sampled_from(("accepted", "declined"))): draw(places)}
    if draw(st.booleans()):
        way = {"condition": draw(_conditions()), "share": 0.4, "to": draw(places), "as": "so"}
        made["next"] = [way]
    return made


@st.composite
def scenarios(draw, name):
    names = [f"s{place}" for place in range(draw(st.integers(1, 4)))]
    made = {
        "scenario": name,
        "startsOn": draw(_types()),
        "quietFor": draw(st.sampled_from(("0s", "1800s", "86400s"))),
        "quietOf": draw(st.one_of(st.just([]), _types())),
        "condition": draw(_conditions()),
        "goals": draw(st.one_of(st.just([]), st.just(["purchase"]))),
        "exits": draw(st.one_of(st.just([]), st.just([{"on": ["complaint"], "as": "angry"}]))),
        "againAfter": draw(st.sampled_from(("0s", "7200s", "172800s"))),
        "againMost": draw(st.sampled_from((0, 1, 2))),
        "per": draw(st.sampled_from(("UNSPECIFIED", "PERSON", "ITEM"))),
        "priority": draw(st.integers(0, 2)),
        "group": draw(st.sampled_from(("", "selling"))),
        "limits": {
            "underWay": draw(st.sampled_from((0, 1, 2))),
            "perDay": draw(st.sampled_from((0, 1, 3))),
            "messages": draw(st.sampled_from((0, 1))),
        },
        "mode": draw(st.sampled_from(("ENFORCED", "ENFORCED", "SHADOW"))),
        "stages": [draw(stages(each, names)) for each in names],
    }
    if draw(st.booleans()):
        made["count"] = {"atLeast": 2, "within": "36000s"}
    if draw(st.booleans()):
        made["occasions"] = {"atLeast": 2, "within": "172800s"}
    if draw(st.booleans()):
        made["when"] = {"cartAbove": {"amount": "50"}}
    return ParseDict(made, rules_pb2.Scenario())


@st.composite
def bundles(draw):
    made = rules_pb2.Bundle()
    for place in range(draw(st.integers(1, 3))):
        made.scenarios.append(draw(scenarios(f"scenario_{place}")))
    for offer_id in OFFERS:
        made.offers.add(offer_id=offer_id)
    return made


@given(scripts(), bundles())
@examples(60)
def test_whatever_happens_is_played_as_it_goes_live(events, made):
    until_us = NOON_US + SPAN_US + 24 * HOUR_US
    live = asyncio.run(lived(events, made, until_us))
    back = asyncio.run(played(events, made, until_us))
    assert seen(*back) == seen(*live)
