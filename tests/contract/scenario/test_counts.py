"""What every store counts of journeys for a report: where they went, and who would have."""

import json
from dataclasses import replace

import pytest

from services.scenario.domain.counts import (
    Counted,
    Ends,
    Failed,
    Flows,
    Messages,
    Met,
    Stands,
    Tasks,
    Visits,
)
from services.scenario.domain.facts import Happened
from services.scenario.domain.taking_up import Look, judge, take_up
from tests.contract.scenario.conftest import QUIET_US, one
from tests.unit.scenario.lapsing import OVER_DAYS, ago
from tests.unit.scenario.lapsing import scenario as of_the_quiet
from tests.unit.scenario.playing import (
    ADA,
    BOB,
    DAY_US,
    HOUR_US,
    MINUTE_US,
    NOON_US,
    abandoned_cart,
    event,
    facts,
    for_all,
)
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1.rules_pb2 import RuleMode

CART = "abandoned_cart"
CY, DEE = "person-cy", "person-dee"
HELD_OUT = replace(facts(is_defined=False), held_out=True)


def viewed(person_id=ADA, time_us=NOON_US):
    return Happened(person_id, "view", time_us, 3, {"event.type": "view"})


async def counted(desk, now_us, since_us=0, scenario=""):
    overdue_us, parked_us = now_us - 5 * MINUTE_US, now_us - DAY_US
    asked = Counted(since_us, now_us, scenario, overdue_us, parked_us, now_us - 90 * DAY_US)
    return await desk.counting.counts(asked)


async def test_nothing_is_counted_where_nobody_was(desk):
    found = await counted(desk, NOON_US)
    assert found.scenarios() == set()
    assert await desk.counting.latest_edition(CART) is None


async def test_the_stages_that_were_passed_are_counted_with_where_they_led_and_how_long_it_took(
    desk,
):
    await desk.call_for(ADA)  # after two days in the first stage
    await desk.take(event(person_id=BOB), event(person_id=CY))
    await desk.look(QUIET_US)
    await desk.take(event("purchase", QUIET_US + HOUR_US, person_id=BOB))
    found = await counted(desk, QUIET_US + HOUR_US)
    assert found.flows == (
        Flows(CART, "call", "", "", "", "", 1),
        Flows(CART, "web_offer", "", "", "", "", 1),
        Flows(CART, "web_offer", "", "reached", "", "", 1),
        Flows(CART, "web_offer", "call", "", "", "", 1),
    )
    assert found.visits == (
        Visits(CART, "call", 1, 1, 0, 0, 0, 0, 0),
        Visits(CART, "web_offer", 3, 3, 1, 2, HOUR_US, HOUR_US, 2 * DAY_US),
    )
    assert found.ends == (Ends(CART, True, "", "", 2), Ends(CART, True, "reached", "", 1))
    assert found.tasks == (Tasks(CART, "call", "", 1),)
    assert (await desk.counting.latest_edition(CART)).name == CART


async def test_only_journeys_since_then_and_of_the_scenario_are_counted(desk):
    starting = {"add_to_cart": [abandoned_cart()], "view": [scenario(stage("a", offer="o"))]}
    await desk.take(event(person_id=BOB), viewed(), starting_of=for_all(starting))
    await desk.take(event(person_id=ADA, time_us=NOON_US + DAY_US))
    found = await counted(desk, NOON_US + DAY_US, since_us=NOON_US + 1)
    assert found.ends == (Ends(CART, False, "", "", 1),)
    assert found.stands == (
        Stands(CART, "", "quiet", "", 2, 1, 0, 0),
        Stands("s", "", "quiet", "", 1, 0, 0, 0),  # put off by what came a day later
    )
    assert (await counted(desk, NOON_US, scenario="s")).scenarios() == {"s"}


async def test_stages_passed_through_and_circled_count_as_often_as_they_were_entered(desk):
    made = scenario(
        stage("a", note="Seen."),
        stage("b", offer="come_back", lasts=HOUR_US, next=[{"to": "b"}]),
    )
    await desk.take(viewed(), starting_of=for_all({"view": [made]}))
    for hour in range(3):
        await desk.look(NOON_US + hour * HOUR_US)
    found = await counted(desk, NOON_US + 3 * HOUR_US)
    assert found.visits == (
        Visits("s", "a", 1, 1, 0, 1, 0, 0, 0),
        Visits("s", "b", 3, 1, 0, 2, HOUR_US, HOUR_US, HOUR_US),
    )
    assert found.messages == (Messages("s", "a", "note", "waiting", "", 1),)


async def test_what_stands_is_told_with_why_it_is_parked_and_whether_it_is_late(desk):
    await desk.take(event(person_id=ADA), event(person_id=BOB))
    await desk.look(QUIET_US, facts(offers={}))
    obstacle = "its offer is gone: come_back"
    again_us = QUIET_US + HOUR_US
    found = await counted(desk, QUIET_US + HOUR_US)
    assert found.stands == (Stands(CART, "web_offer", "parked", obstacle, 2, 0, 0, 0, again_us),)
    found = await counted(desk, QUIET_US + 2 * HOUR_US)
    assert found.stands == (Stands(CART, "web_offer", "parked", obstacle, 2, 2, 0, 0, again_us),)
    found = await counted(desk, QUIET_US + 2 * DAY_US)
    assert found.stands == (Stands(CART, "web_offer", "parked", obstacle, 2, 0, 2, 0, again_us),)


async def test_who_is_for_long_in_a_stage_that_no_time_ends_is_told_and_nobody_else(desk):
    ever = scenario(stage("a", offer="come_back"))
    long = replace(scenario(stage("a", offer="come_back", lasts=200 * DAY_US)), name="long")
    await desk.take(viewed(), starting_of=for_all({"view": [ever, long]}))
    await desk.look(NOON_US)
    found = await counted(desk, NOON_US + 90 * DAY_US)
    assert [each.endless for each in found.stands] == [0, 0]
    found = await counted(desk, NOON_US + 90 * DAY_US + 1)
    assert [(each.scenario, each.endless) for each in found.stands] == [("long", 0), ("s", 1)]


async def test_a_goal_may_be_another_one_for_each_segment_and_persona_of_who_entered(desk):
    goal = '"best" in journey.segments ? event.value_micros >= 500 : journey.persona == "runner"'
    made = scenario(
        stage("a", offer="come_back", lasts=DAY_US),
        goals=["purchase"],
        goal_where=goal,
    )
    starting = for_all({"view": [made]})
    who = {ADA: (["best"], ""), BOB: ([], "runner"), CY: ([], ""), DEE: (["best"], "")}
    for person_id, (segments, persona) in who.items():
        await desk.take(viewed(person_id), starting_of=starting)
        person = {"customer.segments": segments, "customer.persona": persona}
        found = HELD_OUT if person_id == DEE else facts()
        await desk.look(NOON_US, replace(found, person=person))
    for person_id, value in ((ADA, 400), (ADA, 500), (BOB, 100), (CY, 900), (DEE, 700)):
        values = {"event.type": "purchase", "event.value_micros": value}
        bought = Happened(person_id, "purchase", NOON_US + value, 3, values)
        await desk.take(bought, starting_of=starting)
    found = await counted(desk, NOON_US + HOUR_US)
    assert found.met == (Met("s", False, 3, 2, 1, 2, 600), Met("s", True, 1, 1, 0, 1, 700))
    (left,) = await desk.store.open_for([ADA, BOB, CY, DEE])
    assert left.person_id == CY


async def test_what_could_not_be_evaluated_is_added_up_by_scenario_place_and_day(desk):
    first = {("s", "where"): 2, ("s", "goal_where"): 1, ("t", "where"): 5}
    await desk.counting.add_unevaluated(first, NOON_US)
    await desk.counting.add_unevaluated({("s", "where"): 3}, NOON_US + 1)
    await desk.counting.add_unevaluated({("s", "where"): 4}, NOON_US + DAY_US)
    found = await counted(desk, NOON_US + DAY_US, scenario="s")
    assert found.failed == (Failed("s", "goal_where", 1), Failed("s", "where", 9))
    later = await counted(desk, NOON_US + DAY_US, since_us=NOON_US + DAY_US // 2)
    assert later.failed == (Failed("s", "where", 4),)
    assert later.scenarios() == {"s"}


async def test_a_message_counts_by_what_became_of_it(desk):
    made = scenario(
        stage("a", send="mail", lasts=HOUR_US), stage("b", offer="come_back"), goals=["purchase"]
    )
    starting_of = for_all({"view": [made]})
    await desk.take(viewed(ADA), viewed(BOB), starting_of=starting_of)
    await desk.look(NOON_US)
    await desk.take(event("purchase", NOON_US + 1, person_id=BOB), starting_of=starting_of)
    found = await counted(desk, NOON_US + 1)
    assert found.messages == (
        Messages("s", "a", "message", "cancelled", "", 1),
        Messages("s", "a", "message", "waiting", "", 1),
    )


async def test_goals_count_alike_for_those_who_entered_and_those_held_out(desk):
    await desk.take(*(event(person_id=each) for each in (ADA, BOB, CY, DEE)))
    claims = await desk.store.claim("worker", QUIET_US, 5.0, 9)
    for claim in claims:
        is_held_out = claim.journey.person_id in (CY, DEE)
        await desk.act(claim, QUIET_US, HELD_OUT if is_held_out else facts())
    late_us = QUIET_US + 6 * DAY_US
    await desk.take(
        event("purchase", QUIET_US + 1, person_id=ADA),
        event("purchase", QUIET_US + 2, person_id=CY),
        event("purchase", late_us, person_id=DEE),  # later than the stages last
    )
    found = await counted(desk, QUIET_US + DAY_US)
    assert found.met == (Met(CART, False, 2, 1, 1), Met(CART, True, 2, 1, 1))
    assert Ends(CART, False, "held_out", "", 2) in found.ends
    found = await counted(desk, late_us)
    assert found.met == (Met(CART, False, 2, 1, 0), Met(CART, True, 2, 1, 0))


@pytest.mark.parametrize("found", [facts(), HELD_OUT])
async def test_a_goal_is_judged_by_what_the_journey_began_with(desk, found):
    made = scenario(
        stage("a", offer="come_back", lasts=HOUR_US),
        goals=["purchase"],
        goal_where="event.category == journey.category && journey.cart_value_micros > 100000000",
    )
    starting_of = for_all({"view": [made]})
    for each, category in ((ADA, "TVs"), (BOB, "DVDs")):
        began = {"event.type": "view", "event.category": category}
        await desk.take(Happened(each, "view", NOON_US, 3, began), starting_of=starting_of)
    await desk.look(NOON_US, found)
    bought = {"event.type": "purchase", "event.category": "TVs"}
    for each in (ADA, BOB):
        await desk.take(Happened(each, "purchase", NOON_US + 1, 4, bought), starting_of=starting_of)
    (met,) = (await counted(desk, NOON_US + 1)).met
    assert (met.people, met.reached) == (2, 1)


async def test_a_goal_counts_after_the_journey_is_over_too(desk):
    made = scenario(stage("a", offer="come_back", lasts=HOUR_US), goals=["purchase"])
    starting_of = for_all({"view": [made]})
    await desk.take(viewed(), starting_of=starting_of)
    await desk.look(NOON_US)
    await desk.look(NOON_US + HOUR_US)
    await desk.take(event("purchase", NOON_US + 2 * HOUR_US), starting_of=starting_of)
    found = await counted(desk, NOON_US + 3 * HOUR_US)
    assert found.ends == (Ends("s", True, "passed", "", 1),)
    assert found.met == (Met("s", False, 1, 1, 0),)
    assert [each.reached for each in found.visits] == [1]


async def test_who_is_one_with_somebody_counts_once_and_a_goal_of_either_is_theirs(desk):
    await desk.take(event(person_id=ADA), event(person_id=BOB, time_us=NOON_US + MINUTE_US))
    await desk.look(QUIET_US + MINUTE_US, HELD_OUT)
    await desk.link(*one(2, ADA, BOB))
    await desk.take(event("purchase", QUIET_US + HOUR_US, person_id=BOB))
    found = await counted(desk, QUIET_US + DAY_US)
    assert found.met == (Met(CART, True, 1, 1, 0),)


async def test_a_goal_from_before_the_link_is_found_with_it(desk):
    await desk.take(event(person_id=ADA))
    await desk.look(QUIET_US, HELD_OUT)
    await desk.take(event("purchase", QUIET_US + HOUR_US, person_id=BOB))
    assert (await counted(desk, QUIET_US + DAY_US)).met == (Met(CART, True, 1, 0, 1),)
    await desk.link(*one(2, ADA, BOB))
    assert (await counted(desk, QUIET_US + DAY_US)).met == (Met(CART, True, 1, 1, 0),)


async def test_held_out_somebody_enters_again_only_after_as_long_as_the_others(desk):
    await desk.take(event())
    await desk.look(QUIET_US, HELD_OUT)
    for day in (1, 4):  # the journey would have lasted five, and it begins again after seven
        await desk.take(event(time_us=QUIET_US + day * DAY_US))
        assert await desk.store.open_for([ADA]) == []
    await desk.take(event(time_us=QUIET_US + 13 * DAY_US))
    assert len(await desk.store.open_for([ADA])) == 1


async def test_who_waits_for_room_is_compared_from_when_they_could_have_entered(desk):
    goal = 'event.value_micros >= 500 && "best" in journey.segments'
    made = of_the_quiet(goal_where=goal, limits={"per_day": 1})
    starting, everybody = for_all({"purchase": [made]}), (ADA, BOB, CY, DEE)
    events, look = {each: [ago(60, person_id=each)] for each in everybody}, Look("lapsed", NOON_US)
    judged = {each: judge(look, (each,), events, starting, NOON_US) for each in everybody}
    async with desk.store.transaction() as transaction:
        await take_up(transaction, look, judged, NOON_US)
    met_us = NOON_US + OVER_DAYS * DAY_US
    person = {"customer.segments": ["best"], "customer.persona": ""}

    async def tried_on(day):
        """Look at who is due, and return who waits for room after that."""
        now_us = met_us + day * DAY_US
        for claim in await desk.store.claim("worker", now_us, 5.0, 9):
            found = HELD_OUT if claim.journey.person_id == DEE else facts()
            await desk.act(claim, now_us, replace(found, person=person, today=f"day {day}"))
        return [e.person_id for e in await desk.store.open_for(everybody) if not e.occurrence]

    async def buys(person_id, time_us):
        values = {"event.type": "purchase", "event.value_micros": 700}
        bought = Happened(person_id, "purchase", time_us, 3, values)
        await desk.take(bought, starting_of=starting)

    first, other = await tried_on(0)
    await buys(first, met_us + HOUR_US)
    await buys(DEE, met_us + HOUR_US)
    assert other not in await tried_on(1), "there is room on another day"
    await buys(other, met_us + 7 * DAY_US + HOUR_US)
    met = (await counted(desk, met_us + 8 * DAY_US, scenario="lapsed")).met
    told = [(each.held_out, each.people, each.reached) for each in met]
    assert told == [(False, 3, 1), (True, 1, 1)], "all had seven days from the first"


async def test_of_a_scenario_in_shadow_nobody_is_compared(desk):
    made = scenario(stage("a", offer="come_back"), mode=RuleMode.SHADOW)
    await desk.take(viewed(), starting_of=for_all({"view": [made]}))
    await desk.look(NOON_US)
    found = await counted(desk, NOON_US)
    assert [(each.stage, each.number) for each in found.flows] == [("a", 1)]
    assert found.met == ()


@pytest.mark.parametrize("how", ["erased", "forgotten"])
async def test_what_was_counted_of_somebody_goes_with_them(desk, how):
    await desk.call_for(ADA)
    await desk.take(event("purchase", QUIET_US + 3 * DAY_US))
    if how == "erased":
        await desk.store.erase([ADA])
    else:
        await desk.store.forget_over(QUIET_US + 3 * DAY_US + 1)
    assert (await counted(desk, QUIET_US + 4 * DAY_US)).scenarios() == set()


async def test_the_stages_somebody_passed_are_exported_with_all_that_is_kept_of_them(desk):
    if not desk.is_postgres:
        return
    await desk.call_for(ADA)
    tables = {table: rows async for table, rows in desk.store.export([ADA])}
    passed = [json.loads(row)["stage"] for row in tables["passages"]]
    assert passed == ["web_offer", "call"]
    assert [json.loads(row)["held_out"] for row in tables["entries"]] == [False]
