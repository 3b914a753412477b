"""People whose silence began before it was listened for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.quiet_already import (
    lasting,
    may_wait_for_room,
    reads_since_us,
    reads_types,
    taken_up,
    wait_for_room,
)
from services.scenario.domain.taking import take_events, take_sets, take_timers
from services.scenario.domain.taking_up import Look, judge, take_up
from services.scenario.reading import read_scenario
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from tests.contract.scenario.conftest import one
from tests.unit.scenario.lapsing import OVER_DAYS, QUIET_DAYS, WITHIN_DAYS, ago, lapsed, scenario
from tests.unit.scenario.playing import ADA, BOB, DAY_US, NOON_US, facts, for_all
from touchpoint.rules.v1.scenarios_pb2 import ScenarioPer

LOOK = Look("lapsed", NOON_US)
CY = "person-cy"


def silences(*events, **fields):
    told = sorted(events, key=lambda event: event.time_us)
    return lasting(scenario(**fields), told, NOON_US)


def test_the_last_event_begins_the_silence_that_lasts():
    (journey,) = silences(ago(300), ago(100), ago(60))
    assert journey.started_us == ago(60).time_us
    assert journey.due_us == ago(60 - QUIET_DAYS).time_us


def test_a_silence_that_is_not_long_enough_yet_is_waited_for():
    (journey,) = silences(ago(60), ago(10))
    assert journey.due_us == NOON_US + (QUIET_DAYS - 10) * DAY_US


@pytest.mark.parametrize(("days", "counts"), [(365, True), (365.1, False)])
def test_a_silence_that_was_long_enough_too_long_ago_counts_for_nobody(days, counts):
    assert bool(silences(ago(days))) is counts


def test_whoever_was_quiet_for_long_and_came_back_is_not_quiet():
    assert not silences(ago(100), ago(20, "view"), quiet_of=["purchase", "view"])


def test_who_came_back_in_time_is_waited_for_anew():
    (journey,) = silences(ago(60), ago(20, "view"), quiet_of=["purchase", "view"])
    assert (journey.started_us, journey.due_us) == (
        ago(60).time_us,
        ago(20 - QUIET_DAYS).time_us,
    )


def test_an_exit_ends_a_silence_even_if_it_was_long_enough():
    message = lapsed()
    message.exits.add(on=["complaint"], **{"as": "complained"})
    told = [ago(100), ago(5, "complaint")]
    assert lasting(read_scenario(lapsed()), told, NOON_US)
    assert not lasting(read_scenario(message), told, NOON_US)


def test_only_what_came_often_enough_begins_it():
    message = lapsed()
    message.count.at_least = 3
    message.count.within.FromMicroseconds(10 * DAY_US)
    message.ClearField("goals")
    often = read_scenario(message)
    assert not lasting(often, [ago(100), ago(80), ago(75)], NOON_US)
    (journey,) = lasting(often, [ago(80), ago(76), ago(75)], NOON_US)
    assert journey.started_us == ago(75).time_us


def test_each_item_has_a_silence_of_its_own():
    found = silences(
        ago(60, offer_no=3),
        ago(60, offer_no=4),
        per=ScenarioPer.ITEM,
        goal_where="event.offer_id == journey.offer_id",
    )
    assert sorted(each.subject_no for each in found) == [3, 4]


def test_what_is_read_is_all_that_may_begin_put_off_or_end_it():
    message = lapsed()
    message.exits.add(on=["complaint"], **{"as": "complained"})
    message.count.at_least = 2
    message.count.within.FromMicroseconds(10 * DAY_US)
    read = read_scenario(message)
    assert reads_types(read) == {"purchase", "complaint"}
    assert reads_types(scenario(quiet_of=[])) == frozenset()


def test_so_much_is_read_as_may_have_begun_a_silence_that_was_put_off_ever_since():
    assert reads_since_us(scenario(), NOON_US) == ago(WITHIN_DAYS + QUIET_DAYS).time_us
    often = lapsed()
    often.count.at_least = 2
    often.count.within.FromMicroseconds(10 * DAY_US)
    others = (
        scenario(where="event.value_micros > 100"),
        scenario(quiet_of=["purchase", "view"]),
        scenario(quiet_of=[]),
        read_scenario(often),
    )
    assert [reads_since_us(each, NOON_US) for each in others] == [0] * len(others)


def test_those_who_are_quiet_for_long_enough_are_spread_and_always_alike():
    dues = set()
    for number in range(200):
        (journey,) = lasting(scenario(), [ago(60, person_id=f"person-{number}")], NOON_US)
        begun = taken_up(journey, "j", NOON_US).journey
        assert begun == taken_up(journey, "j", NOON_US).journey
        assert NOON_US <= begun.due_us <= NOON_US + OVER_DAYS * DAY_US
        dues.add((begun.due_us - NOON_US) // DAY_US)
    assert dues == set(range(OVER_DAYS))


@pytest.mark.parametrize(("days", "over_days"), [(60, 0), (60, 0.01), (QUIET_DAYS - 0.01, 14)])
def test_nobody_enters_within_an_hour_as_an_import_may_still_run(days, over_days):
    message = lapsed()
    message.quiet_already.over.FromMicroseconds(round(over_days * DAY_US))
    (journey,) = lasting(read_scenario(message), [ago(days)], NOON_US)
    assert taken_up(journey, "j", NOON_US).journey.due_us == NOON_US + DAY_US // 24


class Shop:
    """Journeys in memory, and what is recorded of persons."""

    def __init__(self, **fields):
        self.store, self.scenario = InMemoryJourneys(), scenario(**fields)
        self.starting = for_all({"purchase": [self.scenario]})

    async def look(self, *events, now_us=NOON_US, look=LOOK, persons=(ADA,)):
        async with self.store.transaction() as transaction:
            sets = await transaction.sets_of(persons)
        return await self.look_at(sets, *events, now_us=now_us, look=look)

    async def look_at(self, sets, *events, now_us=NOON_US, look=LOOK):
        told = {person_id: [] for group in sets.values() for person_id in group}
        for event in events:
            told.setdefault(event.person_id, []).append(event)
        judged = {each: judge(look, sets[each], told, self.starting, now_us) for each in sets}
        async with self.store.transaction() as transaction:
            return await take_up(transaction, look, judged, now_us)

    async def hear(self, *events):
        async with self.store.transaction() as transaction:
            await take_events(
                transaction, events, self.starting, events[-1].time_us, lambda us: f"live-{us}"
            )

    async def pass_to(self, now_us, found=None):
        """Let all be done that is due by then."""
        for claim in await self.store.claim("worker", now_us, 5.0, 50):
            async with self.store.transaction() as transaction:
                await take_timers(transaction, [(claim, found or facts())], now_us)

    def journeys(self):
        return sorted(self.store.journeys.values(), key=lambda each: each.started_us)


SPREAD_US = NOON_US + OVER_DAYS * DAY_US


async def test_who_is_taken_up_enters_in_their_turn():
    shop = Shop()
    await shop.look(ago(60))
    (journey,) = shop.journeys()
    assert (journey.phase, journey.taken_up_us) == (Phase.QUIET, NOON_US)
    await shop.pass_to(SPREAD_US)
    (journey,) = shop.journeys()
    assert journey.current.name == "on_the_site"


async def test_the_same_silence_twice_is_one_journey_even_when_it_is_over():
    shop = Shop()
    await shop.look(ago(60))
    await shop.look(ago(60))
    await shop.pass_to(SPREAD_US, facts(situation_holds=False))
    await shop.look(ago(60), now_us=SPREAD_US)
    (journey,) = shop.journeys()
    assert journey.outcome is Outcome.NOT_SO


async def test_a_later_look_takes_up_who_was_not_meant_and_nobody_who_was_on_it():
    shop = Shop()
    await shop.look(ago(60), ago(70, person_id=BOB), persons=(ADA, BOB))
    entering, other = (each for each in await shop.store.claim("worker", SPREAD_US, 5.0, 50))
    for claim, holds in ((entering, True), (other, False)):
        async with shop.store.transaction() as transaction:
            found = [(claim, facts(situation_holds=holds))]
            await take_timers(transaction, found, SPREAD_US)
    later = Look("lapsed", SPREAD_US)
    known = (ago(60), ago(70, person_id=BOB))
    await shop.look(*known, now_us=SPREAD_US, look=later, persons=(ADA, BOB))
    begun = [each.person_id for each in shop.journeys() if each.taken_up_us == SPREAD_US]
    assert begun == [other.journey.person_id]


async def test_whoever_is_on_it_by_a_live_event_is_not_taken_up():
    shop = Shop()
    await shop.hear(ago(0.5))
    await shop.look(ago(60), ago(0.5))
    (journey,) = shop.journeys()
    assert not journey.taken_up_us


async def test_who_was_on_it_lately_is_taken_up_no_sooner_than_they_may_enter_again():
    shop = Shop()
    await shop.look(ago(200))
    await shop.pass_to(SPREAD_US)
    shop.store.journeys = {
        key: replace(each, phase=Phase.ENDED, outcome=Outcome.PASSED, ended_us=ago(120).time_us)
        for key, each in shop.store.journeys.items()
    }
    await shop.look(ago(60), look=Look("lapsed", SPREAD_US))
    assert len(shop.journeys()) == 1
    await shop.look(ago(29), look=Look("lapsed", SPREAD_US))
    assert len(shop.journeys()) == 2


async def test_what_is_imported_later_is_heard_by_those_who_were_taken_up():
    shop = Shop()
    await shop.look(ago(60))
    await shop.look(ago(60), ago(5))
    first, second = shop.journeys()
    assert first.outcome is Outcome.REACHED
    assert second.due_us == NOON_US + (QUIET_DAYS - 5) * DAY_US


async def test_a_purchase_meanwhile_takes_them_out():
    shop = Shop()
    await shop.look(ago(60))
    await shop.hear(ago(0))
    first, second = shop.journeys()
    assert (first.outcome, first.occurrence) == (Outcome.REACHED, 0)
    assert not second.taken_up_us


async def test_who_finds_no_room_waits_for_it_and_gives_up_after_a_month():
    shop = Shop()
    shop.scenario = replace(shop.scenario, limits=replace(shop.scenario.limits, per_day=1))
    shop.starting = for_all({"purchase": [shop.scenario]})
    await shop.look(ago(60), ago(61, person_id=BOB), persons=(ADA, BOB))
    await shop.pass_to(SPREAD_US)
    in_stage = [each for each in shop.journeys() if each.phase is Phase.STAGE]
    waiting = [each for each in shop.journeys() if each.phase is Phase.QUIET]
    assert (len(in_stage), len(waiting)) == (1, 1)
    assert DAY_US // 2 <= waiting[0].due_us - SPREAD_US <= DAY_US * 3 // 2
    assert may_wait_for_room(waiting[0], SPREAD_US)
    assert not may_wait_for_room(waiting[0], SPREAD_US + 30 * DAY_US)


def test_the_hour_of_the_next_try_is_drawn_anew_each_day():
    (silence,) = silences(ago(60))
    journey = taken_up(silence, "j", NOON_US).journey
    later = [wait_for_room(journey, NOON_US + n * DAY_US).journey.due_us for n in range(50)]
    hours = {(due_us - NOON_US) % DAY_US * 24 // DAY_US for due_us in later}
    assert len(hours) > 12


@pytest.mark.parametrize("limit", ["per_day", "under_way"])
async def test_those_taken_up_leave_half_of_the_room_to_who_falls_silent_now(limit):
    shop = Shop()
    shop.scenario = replace(shop.scenario, limits=replace(shop.scenario.limits, **{limit: 2}))
    shop.starting = for_all({"purchase": [shop.scenario]})
    await shop.hear(ago(QUIET_DAYS - OVER_DAYS, person_id=CY))
    await shop.look(ago(60), ago(61, person_id=BOB), persons=(ADA, BOB))
    await shop.pass_to(SPREAD_US)
    entered = {each.person_id for each in shop.journeys() if each.phase is Phase.STAGE}
    assert CY in entered, "whose time came last"
    assert len(entered) == 2
    (waits,) = [each for each in shop.journeys() if each.phase is Phase.QUIET]
    assert waits.taken_up_us


async def test_who_is_held_out_is_noted_as_having_met_it():
    shop = Shop()
    await shop.look(ago(60))
    await shop.pass_to(SPREAD_US, replace(facts(is_defined=False), held_out=True))
    (entry,) = shop.store.entries.values()
    assert entry.held_out


async def test_whoever_turned_out_to_be_one_with_somebody_since_they_were_judged_is_asked_for():
    shop = Shop()
    async with shop.store.transaction() as transaction:
        await transaction.keep_sets(one(1, ADA, BOB))
    taken = await shop.look_at({ADA: (ADA,)}, ago(60))
    assert (taken.unread, shop.journeys()) == ({ADA}, [])
    await shop.look(ago(60), ago(3, person_id=BOB), persons=(ADA, BOB))
    (journey,) = shop.journeys()
    assert (journey.person_id, journey.started_us) == (BOB, ago(3).time_us)


async def test_who_turns_out_to_be_one_with_somebody_who_was_there_waits_as_long_as_they():
    shop = Shop()
    await shop.look(ago(100), ago(10, person_id=BOB), persons=(ADA, BOB))
    async with shop.store.transaction() as transaction:
        await take_sets(transaction, one(1, ADA, BOB), NOON_US)
    await shop.look(ago(100), ago(10, person_id=BOB), persons=(ADA, BOB))
    first, second = shop.journeys()
    assert (first.person_id, first.outcome) == (ADA, Outcome.REACHED)
    assert (second.person_id, second.is_over, second.dormant) == (BOB, False, False)
    assert second.due_us == NOON_US + (QUIET_DAYS - 10) * DAY_US


async def test_nobody_who_was_erased_is_taken_up():
    shop = Shop()
    await shop.store.erase([ADA])
    await shop.look(ago(60))
    assert not shop.journeys()


@given(
    days=st.lists(st.integers(1, 2000), min_size=1, max_size=12, unique=True),
    views=st.lists(st.integers(1, 2000), max_size=6),
)
async def test_they_are_where_they_would_be_had_it_all_been_heard_live(days, views):
    message = lapsed(quiet_of=["purchase", "view"])
    message.quiet_already.within.FromMicroseconds(400 * DAY_US)
    meant = read_scenario(message)
    events = [ago(each / 10) for each in days] + [ago(each / 10 + 0.01, "view") for each in views]
    events.sort(key=lambda event: event.time_us)
    live = InMemoryJourneys()
    starting = for_all({"purchase": [meant]})
    for event in events:
        # Whoever was quiet for long enough was looked at, and comes back with this event.
        for claim in await live.claim("worker", event.time_us, 5.0, 50):
            async with live.transaction() as transaction:
                found = [(claim, facts(situation_holds=False))]
                await take_timers(transaction, found, event.time_us)
        async with live.transaction() as transaction:
            await take_events(
                transaction, [event], starting, event.time_us, lambda us: f"live-{us}"
            )
    waiting = {(each.started_us, each.due_us) for each in live._open()}
    found = {(each.started_us, each.due_us) for each in lasting(meant, events, NOON_US)}
    assert found == waiting
