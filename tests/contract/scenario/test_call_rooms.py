"""Journeys give agents no more tasks a day than they can do; the rest waits for a working day."""

from dataclasses import replace

import pytest

from services.scenario.domain.journey import GiveTask, Outcome, Phase
from services.scenario.domain.taking import take_timers
from services.scenario.domain.walking import NO_MORE_CALLS
from tests.unit.scenario.playing import DAY_US, HOUR_US, NOON_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1 import rules_pb2 as pb

MONDAY, TUESDAY, FRIDAY = "2026-03-02", "2026-03-03", "2026-03-06"
TUESDAY_NINE_US = NOON_US + 21 * HOUR_US


def on(day, calls_per_day=2, **changes):
    return replace(facts(), calls_per_day=calls_per_day, today=day, **changes)


async def called(desk, made, number, found, now_us=NOON_US):
    """Let a number of people come to a scenario at once; returns what became of their journeys."""
    people = [event("view", now_us, person_id=f"person-{each}") for each in range(number)]
    await desk.take(*people, starting_of=for_all({"view": [made]}))
    return await looked_at(desk, now_us, found)


async def looked_at(desk, now_us, found):
    claims = await desk.store.claim("worker", now_us, 5.0, 50)
    async with desk.store.transaction() as transaction:
        return await take_timers(transaction, [(each, found) for each in claims], now_us)


def tasks(steps):
    return [due for step in steps for due in step.effects if isinstance(due.effect, GiveTask)]


async def waiting(desk, now_us):
    return len(await desk.store.waiting(["sales"], now_us, 99))


async def test_what_is_over_waits_visibly_for_the_next_working_day(desk):
    made = scenario(stage("mark", set={"tier": "gold"}), stage("call", call=True, lasts=DAY_US))
    steps = await called(desk, made, 5, on(MONDAY))
    assert len(tasks(steps)) == await waiting(desk, NOON_US) == 2
    parked = [step.journey for step in steps if step.journey.phase is Phase.PARKED]
    assert [each.obstacle for each in parked] == [NO_MORE_CALLS] * 3
    assert {each.due_us for each in parked} == {TUESDAY_NINE_US}
    assert {each.until_us for each in parked} == {TUESDAY_NINE_US + DAY_US}
    assert (await desk.queue.standing(NOON_US)).made_in(MONDAY) == 2
    again = await looked_at(desk, TUESDAY_NINE_US, on(TUESDAY))
    assert len(tasks(again)) == 2
    assert [each.phase for step in again if not step.effects for each in [step.journey]] == [
        Phase.PARKED
    ]
    assert await waiting(desk, TUESDAY_NINE_US) == 4
    # What was done before the call was done once, for everybody.
    assert sum(due.effect.kind == "attributes" for step in steps for due in step.effects) == 5


async def test_after_a_friday_comes_monday_and_a_holiday_is_none(desk):
    friday_us = NOON_US + 4 * DAY_US
    made = scenario(stage("call", call=True))
    found = on(FRIDAY, calls_per_day=1, holidays=frozenset({"2026-03-09"}))
    steps = await called(desk, made, 2, found, friday_us)
    (parked,) = [step.journey for step in steps if step.journey.phase is Phase.PARKED]
    assert parked.due_us == friday_us + 4 * DAY_US - 3 * HOUR_US


async def test_a_call_that_somebody_asked_for_waits_for_no_day(desk):
    made = scenario(stage("call", task={"kind": "call_back"}))
    assert len(tasks(await called(desk, made, 5, on(MONDAY)))) == 5
    assert (await desk.queue.standing(NOON_US)).made_in(MONDAY) == 0


async def test_a_scenario_in_shadow_takes_nobodys_time(desk):
    made = scenario(stage("call", call=True), mode=pb.RuleMode.SHADOW)
    assert len(tasks(await called(desk, made, 5, on(MONDAY)))) == 5
    assert (await desk.queue.standing(NOON_US)).made_in(MONDAY) == 0


async def test_who_finds_no_room_in_their_scenario_takes_no_time_of_agents(desk):
    limits = pb.Scenario().limits
    limits.per_day = 1
    made = scenario(stage("call", call=True), limits=limits)
    steps = await called(desk, made, 5, on(MONDAY, calls_per_day=3))
    assert [step.journey.outcome for step in steps].count(Outcome.FULL) == 4
    assert (await desk.queue.standing(NOON_US)).made_in(MONDAY) == 1


@pytest.mark.parametrize("later_us", [0, DAY_US])
async def test_without_a_known_capacity_there_is_no_limit(desk, later_us):
    made = scenario(stage("call", call=True))
    steps = await called(desk, made, 9, on(MONDAY, calls_per_day=0), NOON_US + later_us)
    assert len(tasks(steps)) == 9


async def test_who_still_lives_in_the_day_before_begins_it_not_anew(desk):
    made = scenario(stage("call", call=True, lasts=DAY_US))
    assert len(tasks(await called(desk, made, 2, on(TUESDAY)))) == 2
    late = [event("view", NOON_US, person_id=f"late-{each}") for each in range(2)]
    await desk.take(*late, starting_of=for_all({"view": [made]}))
    assert tasks(await looked_at(desk, NOON_US, on(MONDAY))) == []
    assert (await desk.queue.standing(NOON_US)).made_in(TUESDAY) == 2
