"""What every store keeps of scenarios whose stages lead to each other."""

import asyncio
from dataclasses import replace

import pytest

from services.scenario.domain.carts import Cart
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.ports import Tally
from services.scenario.domain.scenario import Limits
from services.scenario.domain.taking import take_message_outcome, take_timers
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.notices import journey_notice
from tests.contract.scenario.conftest import one
from tests.unit.scenario.playing import (
    ADA,
    BOB,
    COME_BACK,
    DAY_US,
    HOUR_US,
    NOON_US,
    facts,
    for_all,
)
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1 import rules_pb2 as pb
from touchpoint.rules.v1.scenarios_pb2 import ScenarioPer

ITEM = 3
TODAY = "2026-03-02"
WAITING_MESSAGES = """
SELECT stage_name FROM errands WHERE kind = 'message' AND state = 'waiting' ORDER BY stage_name
"""


def viewed(person_id=ADA, time_us=NOON_US, item_no=ITEM, **values):
    read = {"event.type": "view", "event.value_micros": 0, **values}
    return Happened(person_id, "view", time_us, item_no, read)


def only(made):
    return for_all({"view": [made]})


def occasions(at_least):
    times = pb.Scenario().occasions
    times.at_least = at_least
    times.within.FromMicroseconds(30 * DAY_US)
    return times


async def began(desk, made, *events):
    await desk.take(*(events or (viewed(),)), starting_of=only(made))
    return await desk.look(NOON_US)


async def test_what_it_began_with_and_where_it_is_led_are_kept(desk):
    made = scenario(
        stage("a", offer="come_back", on=[{"on": ["view"], "to": "b"}], lasts=DAY_US),
        stage("b", offer="come_back"),
    )
    await began(desk, made, viewed(**{"event.brand": "Acme"}))
    await desk.take(viewed(time_us=NOON_US + HOUR_US), starting_of=only(made))
    (kept,) = await desk.store.open_for([ADA])
    assert (kept.began["event.brand"], kept.item_no) == ("Acme", ITEM)
    assert (kept.next_stage, kept.due_us) == (1, NOON_US + HOUR_US)
    (step,) = await desk.look(NOON_US + HOUR_US)
    assert (await desk.store.open_for([ADA])) == [step.journey]


async def test_several_offers_are_kept_and_looked_at_again_when_any_is_gone(desk):
    made = scenario(stage("a", propose={"offers": ["come_back", "other"]}))
    found = facts(offers={"come_back": COME_BACK, "other": 9})
    await desk.take(viewed(), starting_of=only(made))
    await desk.look(NOON_US, found)
    (kept,) = await desk.store.open_for([ADA])
    assert kept.offer_nos == (COME_BACK, 9)
    assert await desk.store.look_again([9], ["s"], NOON_US + 1) == 1


async def test_stages_passed_through_bring_their_effects_about_once_each(desk):
    made = scenario(
        stage("a", set={"asked": "yes"}, note="Asked."),
        stage("b", send="mail"),
        stage("c", call=True, lasts=DAY_US),
    )
    (step,) = await began(desk, made)
    assert [due.effect.kind for due in step.effects] == ["attributes", "note", "message", "task"]
    assert len(await desk.store.waiting([], NOON_US, 10)) == 1
    (kept,) = await desk.store.open_for([ADA])
    assert (kept.occurrence, kept.messages) == (3, 1)


async def test_only_the_second_time_within_so_long_its_first_stage_is_entered(desk):
    made = scenario(stage("a", offer="come_back"), occasions=occasions(2))
    (first,) = await began(desk, made)
    assert first.journey.outcome is Outcome.NOTED
    late_us = NOON_US + 31 * DAY_US
    await desk.take(viewed(time_us=late_us), starting_of=only(made))
    (second,) = await desk.look(late_us)
    assert second.journey.outcome is Outcome.NOTED, "the first time was too long ago"
    soon_us = late_us + DAY_US
    await desk.take(viewed(time_us=soon_us), starting_of=only(made))
    (third,) = await desk.look(soon_us)
    assert third.journey.phase is Phase.STAGE


async def test_the_same_cart_is_one_occasion_and_another_a_second(desk):
    above = pb.Scenario()
    above.when.cart_above.amount = "1"
    made = scenario(stage("a", offer="come_back"), occasions=occasions(2), when=above.when)
    outcomes = []
    for number, items in enumerate([(3, 4), (3, 4, 5), (3,), (6,)]):
        time_us = NOON_US + number
        await desk.take(viewed(time_us=time_us), starting_of=only(made))
        cart = Cart(items, (1.0,) * len(items), 2_000_000)
        (step,) = await desk.look(time_us, facts(cart=cart))
        outcomes.append(step.journey.outcome)
    assert outcomes == [Outcome.NOTED, Outcome.NOTED, Outcome.NOTED, Outcome.NONE]


async def test_occasions_count_over_all_who_are_one_person(desk):
    made = scenario(stage("a", offer="come_back"), occasions=occasions(2))
    await began(desk, made, viewed(BOB))
    await desk.link(*one(2, ADA, BOB))
    (step,) = await began(desk, made, viewed(ADA))
    assert step.journey.phase is Phase.STAGE


async def test_a_scenario_that_counts_its_events_begins_with_the_last_of_them(desk):
    count = pb.Scenario().count
    count.at_least = 3
    count.within.FromMicroseconds(DAY_US)
    made = scenario(stage("a", offer="come_back"), count=count)
    for number in range(3):
        assert await desk.store.open_for([ADA]) == []
        await desk.take(viewed(time_us=NOON_US + number), starting_of=only(made))
    assert len(await desk.store.open_for([ADA])) == 1


async def test_what_was_counted_is_forgotten_with_its_time_and_with_its_person(desk):
    async with desk.store.transaction() as transaction:
        await transaction.tally([Tally(ADA, "s", 1), Tally(ADA, "s", 5), Tally(BOB, "s", 5)])
    assert await desk.store.forget_tallies(5) == 1
    await desk.store.erase([ADA])
    async with desk.store.transaction() as transaction:
        await transaction.tally([Tally(ADA, "s", 6)])
        assert await transaction.tallies_of([ADA, BOB]) == [Tally(BOB, "s", 5)]


@pytest.mark.parametrize(
    ("limits", "entered"), [(Limits(per_day=2), 2), (Limits(under_way=1), 1), (Limits(9, 9), 3)]
)
async def test_no_more_enter_than_may(desk, limits, entered):
    fields = {"limits": pb.Scenario().limits}
    fields["limits"].per_day, fields["limits"].under_way = limits.per_day, limits.under_way
    made = scenario(stage("a", offer="come_back"), **fields)
    people = [viewed(f"person-{number}") for number in range(3)]
    steps = await began(desk, made, *people)
    phases = [step.journey.phase for step in steps]
    assert phases.count(Phase.STAGE) == entered
    assert all(
        step.journey.outcome is Outcome.FULL
        for step in steps
        if step.journey.phase is not Phase.STAGE
    )


@pytest.mark.parametrize("limits", [Limits(per_day=2), Limits(under_way=2)])
async def test_no_more_enter_than_may_where_many_fall_due_at_once(desk, limits):
    fields = {"limits": pb.Scenario().limits}
    fields["limits"].per_day, fields["limits"].under_way = limits.per_day, limits.under_way
    made = scenario(stage("a", offer="come_back"), **fields)
    await desk.take(*(viewed(f"person-{number}") for number in range(5)), starting_of=only(made))
    claims = await desk.store.claim("worker", NOON_US, 5.0, 5)
    async with desk.store.transaction() as transaction:
        found = [(claim, facts()) for claim in claims]
        steps = await take_timers(transaction, found, NOON_US)
    assert [step.journey.phase for step in steps].count(Phase.STAGE) == 2


async def test_of_those_who_ask_at_the_same_time_only_as_many_find_room_as_there_is(desk):
    async def ask():
        async with desk.store.transaction() as transaction:
            return await transaction.take_room("s", Limits(per_day=3), TODAY)

    granted = await asyncio.gather(*(ask() for _ in range(8)))
    assert sum(granted) == 3
    async with desk.store.transaction() as transaction:
        assert await transaction.take_room("s", Limits(per_day=3), "2026-03-03")


async def test_in_one_group_the_higher_priority_goes_first_and_ends_the_other(desk):
    low = scenario(stage("a", offer="come_back"), group="selling", priority=1)
    high = scenario(stage("a", offer="come_back"), group="selling", priority=2, scenario="high")
    await began(desk, low)
    (first, second) = sorted(
        await began(desk, high), key=lambda step: step.journey.scenario.priority
    )
    assert first.journey.outcome is Outcome.YIELDED
    assert second.journey.phase is Phase.STAGE
    await desk.store.forget_over(NOON_US + 1)
    (third,) = await began(desk, low)
    assert third.journey.outcome is Outcome.YIELDED


async def test_nobody_enters_more_often_than_they_may(desk):
    made = scenario(stage("a", offer="come_back"), again_most=2)
    for number in range(3):
        now_us = NOON_US + number * DAY_US
        await desk.take(viewed(time_us=now_us), starting_of=only(made))
        await desk.look(now_us)
        decline = Happened(ADA, "decline", now_us + 1, COME_BACK)
        await desk.take(decline, starting_of=only(made), now_us=now_us + 1)
    await desk.take(viewed(time_us=NOON_US + 3 * DAY_US), starting_of=only(made))
    assert await desk.store.open_for([ADA]) == []


async def test_people_under_way_are_looked_at_when_a_newer_edition_takes_over_and_then_keep_it(
    desk,
):
    old = scenario(stage("a", offer="come_back", lasts=DAY_US))
    newer = scenario(
        stage("a", offer="come_back", lasts=DAY_US), stage("b", offer="come_back"), takes_over=True
    )
    await began(desk, old)
    assert await desk.store.look_again([], ["s"], NOON_US + 1, [newer]) == 1
    await desk.look(NOON_US + 1, replace(facts(), newer=newer))
    (kept,) = await desk.store.open_for([ADA])
    assert kept.scenario.definition == newer.definition
    assert await desk.store.look_again([], ["s"], NOON_US + 2, [newer]) == 0


async def test_whoever_waits_for_an_item_is_found_until_they_are_led_on(desk):
    made = scenario(stage("a", on=[{"on": ["back_in_stock"], "to": "end"}], lasts=DAY_US))
    await began(desk, made)
    assert await desk.store.awaited() == [ITEM]
    assert await desk.store.awaiting(ITEM, 10) == [ADA]
    await desk.take(Happened(ADA, "back_in_stock", NOON_US + 1, ITEM), starting_of=only(made))
    assert await desk.store.awaited() == []


@pytest.mark.parametrize(("occurrence", "then"), [(1, "called"), (2, "mailed")])
async def test_what_became_of_a_message_leads_on_from_its_own_stage_only(desk, occurrence, then):
    made = scenario(
        stage("mailed", send="m", on=[{"on": ["message_failed"], "to": "called"}], lasts=DAY_US),
        stage("called", call=True, lasts=DAY_US),
    )
    (step,) = await began(desk, made)
    failed = Happened(ADA, "message_failed", NOON_US + 1)
    async with desk.store.transaction() as transaction:
        await take_message_outcome(
            transaction, step.journey.journey_id, occurrence, failed, NOON_US + 1
        )
    await desk.look(NOON_US + 1)
    (kept,) = await desk.store.open_for([ADA])
    assert kept.current.name == then


async def waiting_messages(desk):
    """Return the stages whose messages are still to be sent."""
    if isinstance(desk.store, InMemoryJourneys):
        return sorted(desk.store.waiting_messages())
    async with desk.store.transaction() as transaction:
        rows = await transaction._tx.fetch(WAITING_MESSAGES)
    return [row["stage_name"] for row in rows]


@pytest.mark.parametrize(
    ("second", "then"),
    [
        (stage("wait", lasts=DAY_US), []),
        (stage("second", send="n", lasts=DAY_US), ["second"]),
    ],
)
async def test_a_message_that_had_its_time_is_not_sent_once_its_stage_is_over(desk, second, then):
    made = scenario(stage("mailed", send="m", lasts=DAY_US), second)
    await began(desk, made)
    assert await waiting_messages(desk) == ["mailed"]
    await desk.look(NOON_US + DAY_US)
    assert await waiting_messages(desk) == then


async def test_a_message_without_a_time_is_sent_whatever_stage_comes_and_when_all_is_over(desk):
    made = scenario(stage("mailed", send="m"), stage("wait", lasts=DAY_US))
    await began(desk, made)
    await desk.look(NOON_US + DAY_US)
    assert await desk.store.open_for([ADA]) == []
    assert await waiting_messages(desk) == ["mailed"]


async def test_no_message_of_a_journey_that_was_cut_short_is_sent(desk):
    made = scenario(
        stage("mailed", send="m"), stage("again", send="n", lasts=DAY_US), goals=["purchase"]
    )
    await began(desk, made)
    assert await waiting_messages(desk) == ["again", "mailed"]
    await desk.take(Happened(ADA, "purchase", NOON_US + 1), starting_of=only(made))
    assert await waiting_messages(desk) == []


async def test_with_a_journey_that_is_forgotten_goes_all_that_it_had_done(desk):
    made = scenario(stage("mailed", send="m"))
    await began(desk, made)
    assert await desk.store.forget_over(NOON_US + 1) == 1
    assert await waiting_messages(desk) == []


def per_item(**fields):
    return scenario(stage("a", offer="come_back", lasts=DAY_US), per=ScenarioPer.ITEM, **fields)


async def test_per_item_there_is_a_journey_for_each_and_one_for_the_same(desk):
    made = per_item()
    await began(desk, made, viewed(item_no=3), viewed(item_no=4), viewed(item_no=4))
    found = await desk.store.open_for([ADA])
    assert sorted(journey.item_no for journey in found) == [3, 4]
    async with desk.store.transaction() as transaction:
        kept = await transaction.open_of([ADA])
    assert {journey_notice(each).subject_no for each in kept} == {3, 4}


async def test_per_item_the_end_of_one_is_no_end_of_another_nor_keeps_it_from_beginning(desk):
    again = pb.Scenario()
    again.again_after.FromMicroseconds(30 * DAY_US)
    made = per_item(again_after=again.again_after)
    await began(desk, made, viewed(item_no=3))
    later_us = NOON_US + HOUR_US
    await desk.take(viewed(time_us=later_us, item_no=4), starting_of=only(made))
    await desk.look(later_us)
    await desk.look(NOON_US + DAY_US)
    (kept,) = await desk.store.open_for([ADA])
    assert kept.item_no == 4
    again_us = NOON_US + 2 * DAY_US
    events = [viewed(time_us=again_us, item_no=item_no) for item_no in (3, 5)]
    await desk.take(*events, starting_of=only(made))
    begun = {journey.item_no for journey in await desk.store.open_for([ADA])}
    assert begun == {4, 5}, "of that item it was lately, of the other never"


@pytest.mark.parametrize("counted", ["count", "occasions"])
async def test_per_item_what_is_counted_is_counted_for_each_alone(desk, counted):
    times = pb.Scenario().count
    times.at_least = 2
    times.within.FromMicroseconds(DAY_US)
    made = per_item(**{counted: times})
    for number, item_no in enumerate((3, 4, 3)):
        time_us = NOON_US + number
        await desk.take(viewed(time_us=time_us, item_no=item_no), starting_of=only(made))
        await desk.look(time_us)
    (kept,) = await desk.store.open_for([ADA])
    assert (kept.item_no, kept.phase) == (3, Phase.STAGE)


async def test_per_item_who_turn_out_to_be_one_go_on_with_the_older_of_the_same_item(desk):
    made = per_item()
    await began(desk, made, viewed(ADA, item_no=3))
    await began(desk, made, viewed(BOB, NOON_US, item_no=3), viewed(BOB, NOON_US, item_no=4))
    await desk.link(*one(2, ADA, BOB))
    found = await desk.store.open_for([ADA, BOB])
    assert {(each.person_id, each.item_no): each.dormant for each in found} == {
        (ADA, 3): False,
        (BOB, 3): True,
        (BOB, 4): False,
    }
