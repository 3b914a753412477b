"""What every store does with the call centre's tasks."""

import asyncio

import pytest

from services.scenario.domain.agents import Presence
from services.scenario.domain.claiming import claim, give_back, snooze, undo_claim
from services.scenario.domain.completing import Completion, complete
from services.scenario.domain.outcomes import LATEST_AGAIN_US
from services.scenario.domain.tasks import HOLD_US
from services.scenario.storage.transaction import CANCELLED
from shared.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.contract.scenario.conftest import QUIET_US, apart, one
from tests.unit.scenario.playing import ADA, BOB, DAY_US, MINUTE_US, NOON_US, event, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1.rules_pb2 import Scenario

DUE_US = QUIET_US + 2 * DAY_US + MINUTE_US
EXPIRES_US = QUIET_US + 5 * DAY_US


@pytest.fixture
async def calls(desk):
    """Somebody is to be called, and an agent is there."""
    await desk.call_for(ADA)
    await desk.sign_on("eve")
    await desk.sign_on("max")
    return Calls(desk)


class Calls:
    """What agents do, each in a transaction of its own."""

    def __init__(self, desk):
        self.desk = desk

    async def claim(self, agent_id="eve", task_id="", now_us=DUE_US):
        async with self.desk.store.transaction() as transaction:
            return await claim(transaction, agent_id, task_id, now_us)

    async def complete(self, task, agent_id="eve", outcome="done", note="", now_us=DUE_US):
        said = Completion(task.task_id, agent_id, outcome, note)
        async with self.desk.store.transaction() as transaction:
            return await complete(transaction, said, now_us)

    async def snooze(self, task, until_us, agent_id="eve", now_us=DUE_US):
        async with self.desk.store.transaction() as transaction:
            return await snooze(transaction, agent_id, task.task_id, until_us, now_us)


async def test_a_task_is_held_for_a_quarter_of_an_hour_and_then_anybodys_again(calls):
    task = await calls.claim()
    assert (task.agent_id, task.claimed_until_us) == ("eve", DUE_US + HOLD_US)
    with pytest.raises(NotFound, match="no task waits"):
        await calls.claim("max", now_us=DUE_US + HOLD_US - 1)
    assert (await calls.claim("max", now_us=DUE_US + HOLD_US)).task_id == task.task_id


async def test_one_of_many_agents_who_ask_at_once_gets_the_task(calls):
    for number in range(3):
        await calls.desk.sign_on(f"agent-{number}")
    outcomes = await asyncio.gather(
        *(calls.claim(f"agent-{number}") for number in range(3)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, NotFound) for outcome in outcomes) == 1


@pytest.mark.parametrize("is_named", [False, True])
async def test_of_fifty_claims_at_the_same_time_exactly_one_gets_the_task(calls, is_named):
    (task,) = await calls.desk.store.waiting(["sales"], DUE_US, 1)
    agents = [f"agent-{number}" for number in range(50)]
    for agent_id in agents:
        await calls.desk.sign_on(agent_id)
    named = task.task_id if is_named else ""
    outcomes = await asyncio.gather(
        *(calls.claim(agent_id, named) for agent_id in agents), return_exceptions=True
    )
    (taken,) = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    refused = FailedPrecondition if is_named else NotFound
    assert sum(isinstance(outcome, refused) for outcome in outcomes) == 49
    assert (await find(calls, task)).agent_id == taken.agent_id


async def test_who_asked_to_be_called_comes_before_whom_we_want_to_call(desk):
    wanted = scenario(stage("call", task={"kind": "call", "priority": 1000}))
    asked = scenario(stage("call", task={"kind": "call_back"}))
    for person_id, each in ((ADA, wanted), (BOB, asked)):
        began = event("view", QUIET_US, person_id=person_id)
        await desk.take(began, starting_of=for_all({"view": [each]}))
        await desk.look(QUIET_US)
    await desk.sign_on("eve", capacity=2)
    calls = Calls(desk)
    waiting = await desk.store.waiting(["sales"], QUIET_US, 9)
    assert [each.person_id for each in waiting] == [BOB, ADA]
    taken = [(await calls.claim(now_us=QUIET_US)).person_id for _ in range(2)]
    assert taken == [BOB, ADA]


async def test_what_an_agent_held_who_went_away_is_anybodys_when_the_hold_is_over(calls):
    task = await calls.claim()
    await calls.desk.sign_on("eve", presence=Presence.AWAY)
    with pytest.raises(FailedPrecondition, match="SetAgentStatus"):
        await calls.claim()
    assert (await calls.claim("max", now_us=DUE_US + HOLD_US)).task_id == task.task_id


async def test_of_two_calls_to_one_person_the_younger_rests_until_the_link_is_undone(calls):
    desk = calls.desk
    await desk.call_for(BOB, later_us=MINUTE_US)
    (younger,) = [
        each for each in await desk.store.waiting(["sales"], DUE_US, 9) if each.person_id == BOB
    ]
    await desk.link(*one(2, ADA, BOB))
    assert [each.person_id for each in await desk.store.waiting(["sales"], DUE_US, 9)] == [ADA]
    with pytest.raises(FailedPrecondition, match="on an older journey"):
        await calls.claim(task_id=younger.task_id)
    assert (await calls.claim()).person_id == ADA
    with pytest.raises(NotFound, match="no task waits"):
        await calls.claim("max")
    await desk.link(*apart(3, ADA, BOB))
    assert (await calls.claim("max")).person_id == BOB


async def test_who_answered_a_call_that_rests_by_now_is_not_called_again(calls):
    await calls.desk.call_for(BOB, later_us=MINUTE_US)
    first, second = await calls.claim(), await calls.claim("max")
    assert (first.person_id, second.person_id) == (ADA, BOB)
    await calls.desk.link(*one(2, ADA, BOB))
    await calls.complete(second, "max", "declined")
    assert await calls.desk.store.open_for([ADA, BOB]) == []
    with pytest.raises(FailedPrecondition, match="has ended as cancelled"):
        await calls.complete(first)


async def test_claiming_what_one_holds_changes_nothing(calls):
    task = await calls.claim()
    assert await calls.claim(task_id=task.task_id, now_us=DUE_US + MINUTE_US) == task


async def test_a_task_that_another_holds_is_refused_by_name(calls):
    task = await calls.claim()
    with pytest.raises(FailedPrecondition, match="another agent holds"):
        await calls.claim("max", task.task_id)


async def test_an_agent_without_the_skill_gets_no_task_and_is_told_which(calls):
    (task,) = await calls.desk.store.waiting(["sales"], DUE_US, 1)
    await calls.desk.sign_on("tim", skills=("returns",))
    with pytest.raises(NotFound):
        await calls.claim("tim")
    with pytest.raises(FailedPrecondition, match="sales"):
        await calls.claim("tim", task.task_id)


async def test_an_agent_takes_no_more_tasks_than_their_capacity(calls):
    await calls.desk.call_for(BOB, later_us=1)
    await calls.claim()
    with pytest.raises(FailedPrecondition, match="at a time"):
        await calls.claim()
    await calls.desk.sign_on("eve", capacity=2)
    assert (await calls.claim()).person_id == BOB


@pytest.mark.parametrize("outcome", ["accepted", "declined", "done"])
async def test_an_outcome_ends_the_task_and_its_journey(calls, outcome):
    task = await calls.claim()
    ended = await calls.complete(task, outcome=outcome)
    assert (ended.outcome, ended.ended_by) == (outcome, "eve")
    assert await calls.desk.store.open_for([ADA]) == []
    assert (await find(calls, task)).outcome == outcome


async def test_nobody_reached_leads_on_from_its_last_stage_to_the_end(calls):
    task = await calls.claim()
    assert (await calls.complete(task, outcome="not_reached")).outcome == "not_reached"
    await calls.desk.look(DUE_US)
    assert await calls.desk.store.open_for([ADA]) == []


async def test_the_same_completion_twice_answers_the_same(calls):
    task = await calls.claim()
    first = await calls.complete(task, outcome="accepted")
    again = await calls.complete(task, outcome="accepted", now_us=DUE_US + DAY_US)
    assert again == first


async def test_what_was_done_meanwhile_is_neither_put_off_nor_free_again(calls):
    task = await calls.claim()
    ended = await calls.complete(task, outcome="not_interested")
    async with calls.desk.store.transaction() as transaction:
        await give_back(transaction, task, DUE_US + DAY_US)
        await undo_claim(transaction, task)
        assert await transaction.find_task(task.task_id, lock=False) == ended


async def test_another_outcome_afterwards_is_refused(calls):
    task = await calls.claim()
    await calls.complete(task, outcome="accepted")
    with pytest.raises(FailedPrecondition, match="ended as accepted"):
        await calls.complete(task, outcome="declined")


async def test_a_task_that_somebody_else_holds_cannot_be_completed_or_put_off(calls):
    task = await calls.claim()
    with pytest.raises(PermissionDenied, match="another agent"):
        await calls.complete(task, "max")
    with pytest.raises(PermissionDenied, match="another agent"):
        await calls.snooze(task, DUE_US + DAY_US, "max")
    assert len(await calls.desk.store.open_for([ADA])) == 1


async def test_a_task_that_nobody_holds_is_to_be_claimed_first(calls):
    (task,) = await calls.desk.store.waiting(["sales"], DUE_US, 1)
    with pytest.raises(FailedPrecondition, match="ClaimTask"):
        await calls.complete(task)


async def test_an_agent_whose_time_ran_out_may_still_complete_what_nobody_took(calls):
    task = await calls.claim()
    late_us = DUE_US + 2 * HOLD_US
    assert (await calls.complete(task, now_us=late_us)).outcome == "done"


async def test_a_task_put_off_is_nobodys_and_due_again_then(calls):
    task = await calls.claim()
    until_us = DUE_US + DAY_US
    await calls.snooze(task, until_us)
    with pytest.raises(NotFound):
        await calls.claim(now_us=until_us - 1)
    with pytest.raises(FailedPrecondition, match="not due"):
        await calls.claim(task_id=task.task_id, now_us=until_us - 1)
    assert (await calls.claim("max", now_us=until_us)).task_id == task.task_id


async def test_a_task_cannot_be_put_off_past_its_end(calls):
    task = await calls.claim()
    with pytest.raises(FailedPrecondition, match="worth doing"):
        await calls.snooze(task, EXPIRES_US)


async def test_a_task_past_its_end_can_neither_be_taken_nor_completed(calls):
    task = await calls.claim()
    with pytest.raises(FailedPrecondition, match="worth doing"):
        await calls.claim("max", task.task_id, EXPIRES_US)
    with pytest.raises(FailedPrecondition, match="worth doing"):
        await calls.complete(task, now_us=EXPIRES_US)


async def test_a_task_whose_journey_ended_meanwhile_says_so(calls):
    task = await calls.claim()
    await calls.desk.take(event("purchase", DUE_US + 1))
    with pytest.raises(FailedPrecondition, match=CANCELLED):
        await calls.complete(task, now_us=DUE_US + 2)


async def test_tasks_of_higher_priority_and_then_those_due_longest_come_first(calls):
    await calls.desk.call_for(BOB, later_us=1)
    await calls.desk.sign_on("eve", capacity=2)
    assert [(await calls.claim()).person_id for _ in range(2)] == [ADA, BOB]


async def test_a_note_belongs_to_its_try_and_is_gone_with_the_person(calls):
    store, now_us = calls.desk.store, DUE_US
    said = [("no_answer", "rang for a minute"), ("no_answer", ""), ("done", "has a cold")]
    for outcome, note in said:
        task = await calls.claim(now_us=now_us)
        again = await calls.complete(task, outcome=outcome, note=note, now_us=now_us)
        now_us = max(again.due_us, now_us)
    tries = await store.noted([BOB, ADA], 10)
    assert [(each.number, each.outcome, each.note) for each in tries] == [
        (3, "done", "has a cold"),
        (1, "no_answer", "rang for a minute"),
    ]
    assert tries[1].ended_us == DUE_US
    assert await store.noted([ADA], 1) == tries[:1]
    assert await store.noted([BOB], 10) == []
    await store.erase([ADA])
    assert await store.noted([ADA], 10) == []


async def test_a_note_said_twice_is_kept_once(calls):
    task = await calls.claim()
    for _ in range(2):
        await calls.complete(task, note="has a cold")
    assert [each.note for each in await calls.desk.store.noted([ADA], 10)] == ["has a cold"]


async def test_a_task_that_does_not_exist_is_not_found(calls):
    with pytest.raises(NotFound, match="no such task"):
        await calls.claim(task_id="x")


async def find(calls, task):
    async with calls.desk.store.transaction() as transaction:
        return await transaction.find_task(task.task_id, lock=False)


async def test_a_task_is_put_off_for_no_longer_than_thirty_days(calls):
    task = await calls.claim()
    with pytest.raises(InvalidArgument, match="until_time: must be a time within the next 30 days"):
        await calls.snooze(task, DUE_US + LATEST_AGAIN_US + 1)


async def test_what_an_agent_holds_is_told_for_as_long_as_they_do(calls):
    task = await calls.claim()
    assert list(await calls.desk.store.held_tasks("eve", DUE_US)) == [task]
    assert list(await calls.desk.store.held_tasks("max", DUE_US)) == []
    assert list(await calls.desk.store.held_tasks("eve", DUE_US + HOLD_US)) == []


@pytest.mark.parametrize("put_off", ["busy", "snoozed"])
async def test_who_asks_again_while_their_task_is_put_off_has_another_at_once(desk, put_off):
    asked = for_all({"view": [scenario(stage("call", task={"kind": "call_back"}))]})
    calls, again_us = Calls(desk), NOON_US + 5 * MINUTE_US

    async def asks(now_us):
        await desk.take(event("view", now_us), starting_of=asked)
        await desk.look(now_us)
        return await desk.store.waiting([], now_us, 10)

    await desk.sign_on("eve", skills=())
    (first,) = await asks(NOON_US)
    assert await asks(NOON_US) == [first], "it waits already"
    await calls.claim(now_us=NOON_US)
    assert await asks(NOON_US) == [], "an agent is about it"
    if put_off == "busy":
        await calls.complete(first, outcome="busy", now_us=NOON_US)
    else:
        await calls.snooze(first, NOON_US + DAY_US, now_us=NOON_US)
    (second,) = await asks(again_us)
    assert second.task_id != first.task_id
    assert (await find(calls, first)).outcome == CANCELLED
    assert len(await desk.store.open_for([ADA])) == 1


@pytest.mark.parametrize("limit", ["again_after", "limits"])
async def test_where_it_may_not_begin_again_the_task_that_is_put_off_stays(desk, limit):
    fields = Scenario()
    fields.again_after.FromSeconds(1)
    fields.limits.per_day = 1
    made = scenario(stage("call", task={"kind": "call_back"}), **{limit: getattr(fields, limit)})
    asked, calls = for_all({"view": [made]}), Calls(desk)
    await desk.take(event("view", NOON_US), starting_of=asked)
    await desk.look(NOON_US)
    await desk.sign_on("eve", skills=())
    task = await calls.claim(now_us=NOON_US)
    await calls.complete(task, outcome="busy", now_us=NOON_US)
    await desk.take(event("view", NOON_US + MINUTE_US), starting_of=asked)
    assert not (await find(calls, task)).outcome
