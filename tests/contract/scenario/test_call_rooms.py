"""Journeys give agents no more tasks a day than they can do; the rest waits for a working day."""

from dataclasses import replace
from datetime import date

import pytest

from services.scenario.domain.best_channel import PassedOver, Weighed
from services.scenario.domain.claiming import claim
from services.scenario.domain.effects import GiveTask
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.moments import day_of, local_day
from services.scenario.domain.ports import CallDay
from services.scenario.domain.queue import Load
from services.scenario.domain.taking import take_timers
from services.scenario.domain.tasks import Attempt
from services.scenario.domain.walking import NO_CALLS_TODAY, NO_MORE_CALLS
from tests.unit.scenario.playing import DAY_US, HOUR_US, NOON_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_pb2 as pb

MONDAY, TUESDAY = "2026-03-02", "2026-03-03"
FRIDAY, SATURDAY = "2026-03-06", "2026-03-07"
TUESDAY_NINE_US = NOON_US + 21 * HOUR_US


def on(day, calls_per_day=2, **changes):
    return replace(facts(), calls_per_day=calls_per_day, today=day, **changes)


async def called(desk, made, number, found, now_us=NOON_US, who="person"):
    """Let a number of people come to a scenario at once; returns what became of their journeys."""
    people = [event("view", now_us, person_id=f"{who}-{each}") for each in range(number)]
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


async def load(desk, now_us):
    return await desk.queue.load(CallDay(local_day(now_us, ""), now_us, *day_of(now_us, "")))


async def test_what_is_over_waits_visibly_for_the_next_working_day(desk):
    made = scenario(stage("mark", set={"tier": "gold"}), stage("call", call=True, lasts=DAY_US))
    steps = await called(desk, made, 5, on(MONDAY))
    assert len(tasks(steps)) == await waiting(desk, NOON_US) == 2
    parked = [step.journey for step in steps if step.journey.phase is Phase.PARKED]
    assert [each.obstacle for each in parked] == [NO_MORE_CALLS] * 3
    assert {each.due_us for each in parked} == {TUESDAY_NINE_US}
    assert {each.until_us for each in parked} == {TUESDAY_NINE_US + DAY_US}
    assert (await desk.queue.standing(NOON_US)).made_in(MONDAY) == 2
    assert await load(desk, TUESDAY_NINE_US) == Load(tried=0, open=2)
    again = await looked_at(desk, TUESDAY_NINE_US, on(TUESDAY, calls_per_day=3))
    assert len(tasks(again)) == 1, "two of the day before wait"
    assert [each.phase for step in again if not step.effects for each in [step.journey]] == [
        Phase.PARKED
    ] * 2
    assert await waiting(desk, TUESDAY_NINE_US) == 3
    # What was done before the call was done once, for everybody.
    assert sum(due.effect.kind == "attributes" for step in steps for due in step.effects) == 5


async def test_after_a_friday_comes_monday_and_a_holiday_is_none(desk):
    friday_us = NOON_US + 4 * DAY_US
    made = scenario(stage("call", call=True))
    found = on(FRIDAY, calls_per_day=1, holidays=frozenset({"2026-03-09"}))
    steps = await called(desk, made, 2, found, friday_us)
    (parked,) = [step.journey for step in steps if step.journey.phase is Phase.PARKED]
    assert parked.due_us == friday_us + 4 * DAY_US - 3 * HOUR_US


async def test_work_begins_by_the_clock_of_those_who_work(desk):
    made = scenario(stage("call", call=True, lasts=9 * DAY_US))
    far = {"time_zone": "America/Los_Angeles", "home_zone": "Europe/Berlin"}
    steps = await called(desk, made, 2, on(MONDAY, 1, **far))
    (parked,) = [step.journey for step in steps if step.journey.phase is Phase.PARKED]
    assert parked.due_us == TUESDAY_NINE_US - HOUR_US, "nine in Berlin"


@pytest.mark.parametrize(
    ("day", "changes"),
    [
        (SATURDAY, {}),
        (MONDAY, {"holidays": frozenset({MONDAY})}),
        (MONDAY, {"weekdays": frozenset({1, 5})}),
    ],
)
async def test_on_a_day_on_which_nobody_works_no_call_is_made(desk, day, changes):
    made = scenario(stage("call", call=True, lasts=9 * DAY_US))
    days = (date.fromisoformat(day) - date.fromisoformat(MONDAY)).days
    (step,) = await called(desk, made, 1, on(day, **changes), NOON_US + days * DAY_US)
    assert (step.journey.phase, step.journey.obstacle) == (Phase.PARKED, NO_CALLS_TODAY)
    next_day = "2026-03-09" if day == SATURDAY else TUESDAY
    assert local_day(step.journey.due_us, "") == next_day


async def test_on_a_saturday_agents_call_where_it_is_a_working_day_of_theirs(desk):
    made = scenario(stage("call", call=True))
    found = on(SATURDAY, weekdays=frozenset({5}))
    assert len(tasks(await called(desk, made, 1, found, NOON_US + 5 * DAY_US))) == 1


async def test_what_was_tried_today_and_is_to_be_tried_again_today_needs_time(desk):
    made = scenario(stage("call", call=True, lasts=9 * DAY_US))
    await called(desk, made, 1, on(MONDAY))
    await desk.sign_on("agent-1", ())
    for at_us, again_us in ((NOON_US, NOON_US + HOUR_US), (NOON_US + HOUR_US, NOON_US + DAY_US)):
        async with desk.store.transaction() as transaction:
            task = await claim(transaction, "agent-1", "", at_us)
            tried = Attempt.of(task, "no_answer", at_us)
            await transaction.add_attempt(tried, task.person_id)
            await transaction.save_task(
                replace(task, agent_id="", claimed_until_us=0, due_us=again_us)
            )
    # Tried twice, and once more tomorrow.
    later_us = NOON_US + 2 * HOUR_US
    assert await load(desk, later_us) == Load(tried=2, open=0)
    assert tasks(await called(desk, made, 1, on(MONDAY, 2), later_us, "late")) == []
    assert len(tasks(await called(desk, made, 1, on(MONDAY, 3), later_us, "later"))) == 1
    assert tasks(await called(desk, made, 1, on(TUESDAY, 2), NOON_US + DAY_US, "last")) == []


async def test_what_serves_somebody_is_done_whatever_waits_and_needs_time(desk):
    selling, serving = (
        scenario(stage("call", task={"kind": kind, "skills": ["sales"]}, lasts=DAY_US))
        for kind in ("call", "follow_up")
    )
    assert len(tasks(await called(desk, selling, 1, on(MONDAY, 1)))) == 1
    for number, day in enumerate((MONDAY, SATURDAY)):
        complains = event("view", NOON_US, person_id=f"complains-{number}")
        await desk.take(complains, starting_of=for_all({"view": [serving]}))
        assert len(tasks(await looked_at(desk, NOON_US, on(day, 1)))) == 1
    assert tasks(await called(desk, selling, 1, on(MONDAY, 3), who="another")) == []


async def test_who_rather_answers_a_call_is_called_while_there_is_room_and_else_written_to(desk):
    send = {"template": "hello", "channels": ["EMAIL", "SMS", "CALL_CENTER"]}
    task = {"kind": "call", "reason": "Left a cart.", "skills": ["sales"]}
    made = scenario(stage("either", send=send, task=task, lasts=DAY_US))
    not_written = PassedOver(Channel.EMAIL, 0.1, "LESS_LIKELY")
    found = on(MONDAY, 1, weighed={"either": Weighed(0.4, "CALL_CENTER 40%.", (not_written,))})
    steps = await called(desk, made, 2, found)
    (given,) = tasks(steps)
    assert given.effect.order.reason == "Left a cart. CALL_CENTER 40%."
    [message] = [due for step in steps for due in step.effects if due.effect.kind == "message"]
    assert message.effect.order.channels == (Channel.EMAIL, Channel.SMS)
    not_called = PassedOver(Channel.CALL_CENTER, 0.4, "NO_CALLS_LEFT")
    assert message.effect.passed_over == (not_called,)
    [written] = await desk.errands.claim("w", NOON_US, 30.0, 10)
    assert written.passed_over == (not_called,)
    [task] = await desk.store.waiting(["sales"], NOON_US, 5)
    assert task.passed_over == (not_written,)
    assert tasks(await called(desk, made, 1, on(MONDAY, 9), who="writes")) == []


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
