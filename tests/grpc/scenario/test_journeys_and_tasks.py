"""Journeys and the call centre's tasks as their callers see them, over a real server."""

import asyncio
from dataclasses import replace
from datetime import UTC, timedelta

import grpc
import pytest

from services.scenario.domain.best_channel import PassedOver, Weighed
from services.scenario.domain.taking import take_events
from shared.testing.background import until
from tests.unit.scenario.playing import ADA, BOB, DAY_US, HOUR_US, NOON_US, event, facts, for_all
from tests.unit.scenario.writing import scenario, stage
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportRequest
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus


async def journeys(face, *person_ids):
    request = pb.ListJourneysRequest(person_ids=person_ids or [ADA])
    return list((await face.stub.ListJourneys(request, timeout=5)).journeys)


async def sign_on(face, agent_id="eve", status=AgentStatus.AVAILABLE, capacity=0):
    request = pb.SetAgentStatusRequest(
        agent_id=agent_id, status=status, skills=["sales"], capacity=capacity
    )
    await face.stub.SetAgentStatus(request, timeout=5)


async def claim(face, agent_id="eve", task_id=""):
    request = pb.ClaimTaskRequest(agent_id=agent_id, task_id=task_id)
    return (await face.stub.ClaimTask(request, timeout=5)).task


async def complete(face, task, agent_id="eve", outcome="accepted"):
    request = pb.CompleteTaskRequest(agent_id=agent_id, task_id=task.task_id, outcome=outcome)
    return (await face.stub.CompleteTask(request, timeout=5)).task


async def test_a_journey_says_where_it_is_and_what_it_waits_for(face):
    await face.happens(event())
    (quiet,) = await journeys(face)
    assert (quiet.scenario, quiet.stage) == ("abandoned_cart", "")
    assert quiet.waits_for == "30 minutes without any event"
    await face.passes(minutes=30)
    (offered,) = await journeys(face)
    assert offered.stage == "web_offer"
    assert offered.waits_for == "an answer to come_back, until 2026-03-04 12:30 UTC"
    assert offered.stage_entered_time.ToDatetime() == face.clock.now().replace(tzinfo=None)
    await face.passes(days=2)
    (called,) = await journeys(face)
    assert called.waits_for == "the outcome of its task (call), until 2026-03-07 12:30 UTC"


async def test_a_journey_whose_offer_is_gone_shows_the_obstacle(face):
    await face.happens(event())
    face.finder.found = facts(offers={})
    await face.passes(minutes=30)
    (parked,) = await journeys(face)
    assert parked.obstacle == "its offer is gone: come_back"
    assert parked.waits_for == "its obstacle to go, until 2026-03-04 12:30 UTC"
    assert parked.goes_on_time.ToDatetime(UTC) == face.clock.now() + timedelta(hours=1)


async def test_a_journey_says_which_channels_its_message_does_not_go_by(face):
    send = {"template": "hello", "channels": ["EMAIL", "CALL_CENTER"]}
    made = scenario(stage("write", send=send, task={"kind": "call"}, lasts=DAY_US))
    not_called = PassedOver(Channel.CALL_CENTER, 0.25, "NO_AGENT")
    weighed = {"write": Weighed(0.25, passed_over=(not_called,))}
    face.finder.found = replace(facts(), weighed=weighed)
    async with face.store.transaction() as transaction:
        await take_events(
            transaction, [event("view")], for_all({"view": [made]}), NOON_US, lambda _: "j"
        )
    await face.passes(minutes=1)
    (journey,) = await journeys(face)
    assert journey.waits_for == "an answer to its call or message, until 2026-03-03 12:01 UTC"
    assert journey.message == "hello waits to be sent"
    [told] = journey.message_channels_passed_over
    assert (told.channel, told.likelihood, told.reason) == (Channel.CALL_CENTER, 0.25, "NO_AGENT")


async def test_a_task_names_the_channels_that_the_call_goes_before(face):
    send = {"template": "hello", "channels": ["EMAIL", "CALL_CENTER"]}
    made = scenario(stage("write", send=send, task={"kind": "call"}, lasts=DAY_US))
    not_written = PassedOver(Channel.EMAIL, 0.1, "NO_CONSENT")
    weighed = {"write": Weighed(0.25, "CALL_CENTER 25%", (not_written,))}
    face.finder.found = replace(facts(), weighed=weighed)
    async with face.store.transaction() as transaction:
        await take_events(
            transaction, [event("view")], for_all({"view": [made]}), NOON_US, lambda _: "j"
        )
    await face.passes(minutes=1)
    await sign_on(face)
    task = await claim(face)
    [told] = task.channels_passed_over
    assert (told.channel, told.likelihood, told.reason) == (Channel.EMAIL, 0.1, "NO_CONSENT")


async def test_a_journey_says_for_which_hour_of_a_call_it_waits(face):
    send = {"template": "hello", "channels": ["EMAIL", "CALL_CENTER"]}
    made = scenario(stage("write", send=send, task={"kind": "call"}, lasts=DAY_US))
    weighed = {"write": Weighed(0.25, later_us=NOON_US + 3 * HOUR_US)}
    face.finder.found = replace(facts(), weighed=weighed)
    async with face.store.transaction() as transaction:
        await take_events(
            transaction, [event("view")], for_all({"view": [made]}), NOON_US, lambda _: "j"
        )
    await face.passes(minutes=1)
    (journey,) = await journeys(face)
    hour = "an hour in which they do most, to call or to write: 2026-03-02 15:00 UTC"
    assert (journey.waits_for, journey.message) == (hour, "")


async def test_an_agent_takes_the_call_and_its_outcome_ends_the_journey(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    assert (task.kind, task.channel, task.agent_id) == ("call", Channel.CALL_CENTER, "eve")
    assert list(task.person_ids) == [ADA]
    assert task.script == "You had Trail shoes and 2 × Wool socks, worth 149.90 EUR."
    assert list(task.offer_ids) == ["come_back"]
    assert (await complete(face, task)).outcome == "accepted"
    assert await journeys(face) == []


async def test_of_fifty_agents_who_claim_one_task_at_once_one_gets_it(face):
    await face.lead_to_the_call()
    agents = [f"agent-{number}" for number in range(50)]
    await asyncio.gather(*(sign_on(face, agent_id) for agent_id in agents))
    outcomes = await asyncio.gather(
        *(claim(face, agent_id) for agent_id in agents), return_exceptions=True
    )
    codes = [each.code() for each in outcomes if isinstance(each, grpc.aio.AioRpcError)]
    assert codes == [grpc.StatusCode.NOT_FOUND] * 49


async def test_a_task_completed_by_somebody_else_is_refused_with_a_sentence(face):
    await face.lead_to_the_call()
    await sign_on(face)
    await sign_on(face, "max")
    task = await claim(face)
    with pytest.raises(grpc.aio.AioRpcError, match="another agent holds the task") as refused:
        await complete(face, task, "max")
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert len(await journeys(face)) == 1


async def test_an_outcome_that_is_none_is_refused_with_those_there_are(face):
    words = (
        "must be one of reached, no_answer, busy, voicemail, wrong_person, call_again, sold, "
        "not_interested, accepted, declined, not_reached, done"
    )
    with pytest.raises(grpc.aio.AioRpcError, match=words) as refused:
        await complete(face, pb.ClaimTaskResponse().task, outcome="maybe")
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(("outcome", "has_time"), [("call_again", False), ("busy", True)])
async def test_a_time_goes_with_who_wants_to_be_called_again_and_only_then(face, outcome, has_time):
    request = pb.CompleteTaskRequest(agent_id="eve", task_id="t", outcome=outcome)
    if has_time:
        request.again_time.FromMicroseconds(face.clock.now_us() + 1)
    with pytest.raises(grpc.aio.AioRpcError, match="again_time") as refused:
        await face.stub.CompleteTask(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_who_wants_to_be_called_again_is_called_at_that_time(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    request = pb.CompleteTaskRequest(agent_id="eve", task_id=task.task_id, outcome="call_again")
    request.again_time.FromMicroseconds(face.clock.now_us() + 3_600_000_000)
    waits = (await face.stub.CompleteTask(request, timeout=5)).task
    assert (waits.outcome, waits.latest, waits.tries) == ("", "call_again", 1)
    assert waits.due_time == request.again_time
    await face.passes(hours=1)
    assert (await claim(face)).task_id == task.task_id


async def test_a_line_that_was_busy_is_no_contact(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    await complete(face, task, outcome="busy")
    assert face.store.calls == {}
    assert face.approaches.reserved == {}


async def test_an_agent_who_signed_on_is_told_that_no_task_waits(face):
    await sign_on(face)
    with pytest.raises(grpc.aio.AioRpcError, match="no task waits") as refused:
        await claim(face)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_agent_who_is_not_signed_on_is_told_to(face):
    await sign_on(face, status=AgentStatus.AWAY)
    for agent_id in ("eve", "bob"):
        with pytest.raises(grpc.aio.AioRpcError, match="SetAgentStatus") as refused:
            await claim(face, agent_id)
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_status_without_agent_or_value_is_refused_with_both_paths(face):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await face.stub.SetAgentStatus(pb.SetAgentStatusRequest(capacity=101), timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert all(path in refused.value.details() for path in ("agent_id", "status", "capacity"))


async def test_a_watching_agent_is_sent_tasks_as_they_fall_due_up_to_their_capacity(face):
    await sign_on(face)
    watching = face.stub.WatchTasks(pb.WatchTasksRequest(agent_id="eve"), timeout=20)
    await face.lead_to_the_call()
    first = (await watching.read()).task
    assert list(first.person_ids) == [ADA]
    await face.lead_to_the_call(BOB)
    held = await claim(face, task_id=first.task_id)
    await complete(face, held)
    assert list((await watching.read()).task.person_ids) == [BOB]
    watching.cancel()


async def test_a_task_put_off_is_sent_again_when_it_is_due(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    request = pb.SnoozeTaskRequest(agent_id="eve", task_id=task.task_id)
    request.until_time.FromMicroseconds(face.clock.now_us() + 3_600_000_000)
    await face.stub.SnoozeTask(request, timeout=5)
    watching = face.stub.WatchTasks(pb.WatchTasksRequest(agent_id="eve"), timeout=20)
    await face.passes(hours=1)
    assert (await watching.read()).task.task_id == task.task_id
    watching.cancel()


async def test_a_task_that_comes_while_a_watcher_looks_is_not_missed(face, monkeypatch):
    monkeypatch.setattr("services.scenario.desk.tasks.LOOK_EVERY_S", 3600.0)
    await sign_on(face)
    look = face.store.waiting

    async def waiting(*arguments):
        found = await look(*arguments)
        if not face.store.tasks:
            await face.lead_to_the_call()
        return found

    face.store.waiting = waiting
    watching = face.stub.WatchTasks(pb.WatchTasksRequest(agent_id="eve"), timeout=10)
    assert list((await watching.read()).task.person_ids) == [ADA]
    watching.cancel()


async def test_a_watcher_who_is_not_signed_on_is_refused(face):
    watching = face.stub.WatchTasks(pb.WatchTasksRequest(agent_id="bob"), timeout=5)
    with pytest.raises(grpc.aio.AioRpcError, match="SetAgentStatus"):
        await watching.read()


async def test_erasing_a_person_ends_journey_and_task(face):
    await face.lead_to_the_call()
    await sign_on(face)
    response = await face.stub.ErasePerson(pb.ErasePersonRequest(person_ids=[ADA]), timeout=5)
    assert response.rows == 2
    assert await journeys(face) == []
    with pytest.raises(grpc.aio.AioRpcError, match="no task waits"):
        await claim(face)


async def test_the_queue_is_told_with_who_is_there_and_how_today_went(face):
    await face.lead_to_the_call()
    await face.lead_to_the_call(BOB)
    await sign_on(face)
    face.clock.advance(timedelta(minutes=2))
    task = await claim(face)
    face.clock.advance(timedelta(minutes=3))
    await complete(face, task, outcome="sold")
    report = await face.stub.GetQueueReport(GetQueueReportRequest(), timeout=5)
    (line,) = report.lines
    assert (line.kind, list(line.skills), line.waiting) == ("call", ["sales"], 1)
    (agent,) = report.agents
    assert (agent.agent_id, agent.status, agent.held, agent.done) == ("eve", 1, 0, 1)
    assert [(each.outcome, each.count) for each in report.outcomes] == [("sold", 1)]
    assert report.median_to_complete.ToSeconds() == 180
    assert report.promised.ToSeconds() == 120
    assert (report.promises, report.promises_overdue) == (0, 0)
    promised = [(each.kind, each.promised.ToSeconds()) for each in report.promised_kinds]
    assert promised == [("call_back", 120), ("chat", 60)]
    assert (report.calls_tried, report.calls_open, report.day_off) == (1, 1, False)


async def test_a_day_on_which_nobody_works_is_told_as_one(face):
    face.clock.advance(timedelta(days=5))
    assert (await face.stub.GetQueueReport(GetQueueReportRequest(), timeout=5)).day_off


async def test_what_was_noted_of_the_try_before_is_read_by_who_takes_the_task_next(face):
    await face.lead_to_the_call()
    await sign_on(face)
    said = pb.CompleteTaskRequest(agent_id="eve", outcome="busy", note="Rang for a minute.")
    first = await face.stub.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)
    assert list(first.notes) == []
    said.task_id = first.task.task_id
    await face.stub.CompleteTask(said, timeout=5)
    told_us = face.clock.now_us()
    await face.passes(minutes=30)
    claimed = await face.stub.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)
    (note,) = claimed.notes
    assert (note.text, note.outcome, note.agent_id) == ("Rang for a minute.", "busy", "eve")
    assert (note.task_id, note.time.ToMicroseconds()) == (claimed.task.task_id, told_us)


async def test_today_begins_at_midnight_of_the_deployment(face):
    await face.lead_to_the_call()
    await sign_on(face)
    await complete(face, await claim(face))
    face.clock.advance(timedelta(hours=23))
    report = await face.stub.GetQueueReport(GetQueueReportRequest(), timeout=5)
    assert list(report.outcomes) == []
    assert not report.HasField("median_to_claim")


@pytest.mark.parametrize("by", ["watching", "asking"])
async def test_an_agent_who_is_heard_of_is_there(face, by):
    await sign_on(face)
    agents = face.store.agents
    agents._seen_s["eve"] -= 181.0
    assert not agents.is_here("eve")
    if by == "asking":
        with pytest.raises(grpc.aio.AioRpcError, match="no task waits"):
            await claim(face)
    else:
        watch = face.stub.WatchTasks(pb.WatchTasksRequest(agent_id="eve"), timeout=5)

        async def is_here() -> bool:
            return agents.is_here("eve")

        await until(is_here)
        watch.cancel()
    assert agents.is_here("eve")


@pytest.mark.parametrize(("person_id", "number"), [(ADA, "+4915123456"), (BOB, "")])
async def test_who_takes_a_task_is_told_the_number_where_it_can_be_said(face, person_id, number):
    await face.lead_to_the_call(person_id)
    await sign_on(face)
    taken = await face.stub.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=5)
    assert (list(taken.task.person_ids), taken.number) == ([person_id], number)


async def test_who_watches_hears_first_of_the_task_whose_claim_was_never_answered(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    watch = face.stub.WatchTasks(pb.WatchTasksRequest(agent_id="eve"), timeout=5)
    held = (await watch.read()).task
    assert (held.task_id, held.agent_id) == (task.task_id, "eve")
    assert held.claimed_until_time == task.claimed_until_time
    watch.cancel()
