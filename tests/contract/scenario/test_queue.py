"""What every store tells of the queue."""

from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.claiming import claim, snooze
from services.scenario.domain.completing import Completion, complete
from services.scenario.domain.queue import Line, RungBack, Tried
from services.scenario.domain.tasks import HOLD_US
from tests.contract.scenario.conftest import QUIET_US
from tests.contract.scenario.test_tasks import DUE_US
from tests.unit.scenario.playing import ADA, BOB, HOUR_US, MINUTE_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage

WAS_DUE_US = DUE_US - MINUTE_US


async def take(desk, now_us):
    async with desk.store.transaction() as transaction:
        return await claim(transaction, "eve", "", now_us)


async def end(desk, task, outcome, now_us):
    async with desk.store.transaction() as transaction:
        await complete(transaction, Completion(task.task_id, "eve", outcome), now_us)


async def lines(desk, now_us):
    return list((await desk.queue.standing(now_us)).lines)


async def asked_for(desk, person_id, now_us, kind="call_back"):
    """Lead somebody to a call, or a chat, that they asked for."""
    called = scenario(stage("call", task={"kind": kind}), scenario="asked")
    began = event("view", now_us, person_id=person_id)
    await desk.take(began, starting_of=for_all({"view": [called]}))
    await desk.look(now_us, facts())


async def test_what_waits_is_told_with_how_long_and_what_is_held_beside(desk):
    await desk.call_for(ADA)
    await desk.call_for(BOB, later_us=MINUTE_US)
    await desk.sign_on("eve")
    assert await lines(desk, DUE_US) == [Line("call", ("sales",), 2, WAS_DUE_US)]
    task = await take(desk, DUE_US)
    (line,) = await lines(desk, DUE_US)
    assert (line.waiting, line.oldest_us, line.claimed) == (1, DUE_US, 1)
    (line,) = await lines(desk, DUE_US + HOLD_US)
    assert (line.waiting, line.claimed) == (2, 0)
    async with desk.store.transaction() as transaction:
        await snooze(transaction, "eve", task.task_id, DUE_US + HOUR_US, DUE_US)
    await end(desk, await take(desk, DUE_US), "busy", DUE_US)
    (line,) = await lines(desk, DUE_US)
    assert (line.waiting, line.oldest_us, line.snoozed, line.later) == (0, 0, 1, 1)


async def test_who_is_there_is_told_with_what_they_hold(desk):
    await desk.call_for(ADA)
    await desk.sign_on("eve", capacity=2)
    await desk.sign_on("max", presence=Presence.AWAY)
    await take(desk, DUE_US)
    eve, other = (await desk.queue.standing(DUE_US)).seats
    assert (eve.agent.agent_id, eve.held, eve.free) == ("eve", 1, 1)
    assert (other.agent.presence, other.free) == (Presence.AWAY, 0)
    assert (await desk.queue.standing(DUE_US + HOLD_US)).seats[0].held == 0


async def test_who_was_not_heard_of_lately_is_not_there_any_more(desk):
    await desk.sign_on("eve")
    await desk.sign_on("max")
    for agent_id in ("eve", "max"):
        await desk.goes_silent(agent_id)
    await desk.agents.touch("eve")
    seats = (await desk.queue.standing(DUE_US)).seats
    assert [(seat.is_here, seat.free) for seat in seats] == [(True, 1), (False, 0)]
    await desk.agents.save(Agent("max", Presence.AVAILABLE, (), 1), DUE_US)
    assert (await desk.queue.standing(DUE_US)).seats[1].free == 1


async def test_each_try_is_told_with_when_it_was_taken_and_how_it_ended(desk):
    await desk.call_for(ADA)
    await desk.sign_on("eve")
    await end(desk, await take(desk, DUE_US), "busy", DUE_US + MINUTE_US)
    again_us = DUE_US + 31 * MINUTE_US
    await end(desk, await take(desk, again_us), "sold", again_us + 2 * MINUTE_US)
    sold = Tried("call", "eve", "sold", again_us, again_us, again_us + 2 * MINUTE_US)
    busy = Tried("call", "eve", "busy", WAS_DUE_US, DUE_US, DUE_US + MINUTE_US)
    assert list(await desk.queue.tried(DUE_US, 9)) == [sold, busy]
    assert list(await desk.queue.tried(DUE_US, 1)) == [sold]
    assert list(await desk.queue.tried(DUE_US + MINUTE_US, 9)) == [sold]


async def test_who_asked_to_be_called_and_waits_for_too_long_is_counted(desk):
    await asked_for(desk, ADA, QUIET_US)
    await asked_for(desk, BOB, QUIET_US, "chat")
    overdue = desk.queue.overdue
    assert await overdue("call_back", QUIET_US - 1, QUIET_US) == 0
    assert await overdue("call_back", QUIET_US, QUIET_US) == 1
    await desk.sign_on("eve")
    await take(desk, QUIET_US)
    assert await overdue("call_back", QUIET_US, QUIET_US) == 0
    assert await overdue("chat", QUIET_US, QUIET_US) == 1


async def test_what_the_telephony_was_told_is_counted_by_what_became_of_it(desk):
    for number, person_id in enumerate((ADA, BOB)):
        await asked_for(desk, person_id, QUIET_US + number)
    await asked_for(desk, "person-eve", QUIET_US, "chat")
    assert list(await desk.queue.rung_back(QUIET_US - 1)) == [
        RungBack("call_back", "waiting", "", 2),
        RungBack("chat", "waiting", "", 1),
    ]
    assert [each.number for each in await desk.queue.rung_back(QUIET_US)] == [1]


async def test_a_call_is_to_be_made_until_somebody_tried_and_again_until_somebody_holds_it(desk):
    await asked_for(desk, ADA, QUIET_US)
    await desk.sign_on("eve")

    async def needs_call(task_id):
        ask = desk.errands.needs_call
        return [await ask(task_id, QUIET_US, again=again) for again in (False, True)]

    assert await needs_call("nobody's") == [False, False]
    (waiting,) = await desk.store.waiting([], QUIET_US, 9)
    assert await needs_call(waiting.task_id) == [True, True]
    task = await take(desk, QUIET_US)
    assert await needs_call(task.task_id) == [True, False]
    await end(desk, task, "busy", QUIET_US)
    assert await needs_call(task.task_id) == [False, False]


async def test_who_asked_to_be_called_goes_first_then_who_asked_for_a_chat_then_the_others(desk):
    await desk.call_for(ADA)
    await asked_for(desk, BOB, DUE_US, "chat")
    await asked_for(desk, "person-eve", DUE_US, "call_back")
    await desk.sign_on("eve", capacity=3)
    waiting = [each.kind for each in await desk.store.waiting(["sales"], DUE_US, 9)]
    assert waiting == ["call_back", "chat", "call"]
    assert [(await take(desk, DUE_US)).kind for _ in range(3)] == waiting
