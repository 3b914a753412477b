"""Who is rather called is called in an hour of theirs; which it is is found out in that hour."""

from dataclasses import replace

import pytest

from services.scenario.domain.best_channel import PassedOver, Weighed
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.passage import look
from services.scenario.domain.taking import take_timers
from tests.unit.scenario.playing import DAY_US, HOUR_US, NOON_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.vocabulary_pb2 import Channel

LATER_US = NOON_US + 3 * HOUR_US
SEND = {"template": "hello", "channels": ["EMAIL", "CALL_CENTER"]}
TASK = {"kind": "call", "reason": "Left a cart.", "skills": ["sales"]}
CALLED = Weighed(0.4, "CALL_CENTER 40%.")
NOT_CALLED = PassedOver(Channel.CALL_CENTER, 0.4, "NO_AGENT")
WRITTEN = Weighed(0.4, passed_over=(NOT_CALLED,))


def either(lasts=DAY_US, task=TASK, **fields):
    return stage("either", send=SEND, task=task, lasts=lasts, **fields)


def weighing(weighed, later_us=0, **changes):
    return replace(facts(), weighed={"either": replace(weighed, later_us=later_us)}, **changes)


async def begun(desk, made, found):
    await desk.take(event("view"), starting_of=for_all({"view": [made]}))
    return await looked_at(desk, NOON_US, found)


async def looked_at(desk, now_us, found):
    claims = await desk.store.claim("worker", now_us, 5.0, 50)
    async with desk.store.transaction() as transaction:
        (step,) = await take_timers(transaction, [(each, found) for each in claims], now_us)
    return step


def brought(step):
    return [due.effect.kind for due in step.effects]


@pytest.mark.parametrize(("then", "becomes"), [(CALLED, "task"), (WRITTEN, "message")])
async def test_in_the_hour_it_is_found_out_anew_whether_it_is_a_call(desk, then, becomes):
    made = scenario(either(set={"tier": "gold"}))
    step = await begun(desk, made, weighing(CALLED, LATER_US))
    assert brought(step) == ["attributes"]
    assert (step.journey.phase, step.journey.due_us) == (Phase.STAGE, LATER_US)
    assert await desk.store.claim("worker", LATER_US - 1, 5.0, 50) == []
    # Whatever is so then decides, also that a better hour would come: it is waited for once.
    step = await looked_at(desk, LATER_US, weighing(then, LATER_US + HOUR_US))
    assert brought(step) == [becomes]
    assert (step.journey.occurrence, step.journey.due_us) == (1, NOON_US + DAY_US)
    step = await looked_at(desk, NOON_US + DAY_US, weighing(CALLED))
    assert (step.journey.outcome, brought(step)) == (Outcome.PASSED, [])


async def test_an_hour_after_the_stage_is_not_waited_for(desk):
    made = scenario(either(lasts=2 * HOUR_US))
    assert brought(await begun(desk, made, weighing(CALLED, LATER_US))) == ["task"]


async def test_who_does_before_what_it_waits_for_is_neither_called_nor_written_to(desk):
    answers = [{"on": ["search"], "to": "end"}]
    await begun(desk, scenario(either(on=answers)), weighing(CALLED, LATER_US))
    await desk.take(event("search", NOON_US + HOUR_US), now_us=NOON_US + HOUR_US)
    assert await desk.store.claim("worker", LATER_US, 5.0, 50) == []


async def test_nobody_is_called_for_a_scenario_that_is_no_longer_in_force(desk):
    await begun(desk, scenario(either()), weighing(CALLED, LATER_US))
    step = await looked_at(desk, LATER_US, weighing(CALLED, is_defined=False))
    assert (step.journey.phase, brought(step)) == (Phase.PARKED, [])
    again_us = step.journey.due_us
    step = await looked_at(desk, again_us, weighing(CALLED))
    assert brought(step) == ["task"], "it is in force again"


async def test_who_is_looked_at_before_goes_on_waiting(desk):
    waiting = (await begun(desk, scenario(either()), weighing(CALLED, LATER_US))).journey
    step = look(replace(waiting, due_us=NOON_US + HOUR_US), weighing(CALLED), NOON_US + HOUR_US)
    assert (step.effects, step.journey.due_us) == ((), LATER_US)


async def test_an_offer_that_is_gone_by_the_hour_is_not_called_about(desk):
    stages = either(task={**TASK, "offers": ["come_back"]}), stage("after", send="hello")
    await begun(desk, scenario(*stages), weighing(CALLED, LATER_US))
    step = await looked_at(desk, LATER_US, weighing(CALLED, offers={}))
    assert brought(step) == ["message"], "that of the stage after it"


async def test_a_newer_edition_says_what_is_done_in_the_hour(desk):
    await begun(desk, scenario(either()), weighing(CALLED, LATER_US))
    newer = scenario(stage("either", send="hello", lasts=DAY_US))
    newer = replace(newer, takes_over=True, definition=b"newer")
    step = await looked_at(desk, LATER_US, weighing(CALLED, newer=newer))
    assert brought(step) == ["message"]
