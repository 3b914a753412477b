"""A call is an approach like any other: one limit counts over all channels together."""

import grpc
import pytest

from services.scenario.desk.approaching import NEVER
from services.scenario.domain.claiming import claim as take
from shared.errors import Unavailable
from shared.testing.background import until
from tests.grpc.scenario.test_journeys_and_tasks import claim, complete, sign_on
from tests.unit.scenario.playing import ADA, BOB
from touchpoint.scenario.v1 import scenario_service_pb2 as pb

HOUR_US = 3_600_000_000


async def test_a_taken_task_is_a_contact_of_its_person(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    assert face.approaches.reserved == {f"{task.task_id}:1": (ADA,)}
    again = await claim(face, task_id=task.task_id)
    assert again.task_id == task.task_id
    assert len(face.approaches.reserved) == 1


async def take_and_die(face):
    """Take a task as a replica does that dies before it has asked for room."""
    async with face.store.transaction() as transaction:
        return await take(transaction, "eve", "", face.clock.now_us())


async def test_a_task_whose_claim_is_repeated_is_asked_about_again(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await take_and_die(face)
    await face.passes(minutes=1)
    assert (await claim(face, task_id=task.task_id)).task_id == task.task_id
    assert face.approaches.reserved == {f"{task.task_id}:1": (ADA,)}


async def test_a_repeated_claim_is_no_way_round_limit_and_refusal(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await take_and_die(face)
    await face.passes(minutes=1)
    face.approaches.failure = Unavailable("rules does not answer", reason="PEER_UNAVAILABLE")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await claim(face, task_id=task.task_id)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert await face.store.held("eve", face.clock.now_us()) == 1, "they may be on the telephone"
    face.approaches.failure = None
    face.approaches.free_us[ADA] = face.clock.now_us() + HOUR_US
    with pytest.raises(grpc.aio.AioRpcError, match="contact limit"):
        await claim(face, task_id=task.task_id)
    assert await face.store.held("eve", face.clock.now_us()) == 0


async def test_who_was_approached_often_enough_is_called_when_that_is_over(face):
    await face.lead_to_the_call()
    await sign_on(face)
    face.approaches.free_us[ADA] = face.clock.now_us() + HOUR_US
    with pytest.raises(grpc.aio.AioRpcError, match="no task waits"):
        await claim(face)
    await face.passes(minutes=59)
    with pytest.raises(grpc.aio.AioRpcError, match="no task waits"):
        await claim(face)
    face.approaches.free_us.clear()
    await face.passes(minutes=1)
    assert list((await claim(face)).person_ids) == [ADA]


async def test_somebody_else_is_called_meanwhile(face):
    await face.lead_to_the_call()
    await face.lead_to_the_call(BOB)
    await sign_on(face)
    face.approaches.free_us[ADA] = face.clock.now_us() + HOUR_US
    assert list((await claim(face)).person_ids) == [BOB]


async def test_a_task_asked_for_by_name_is_refused_with_the_reason(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    await snooze(face, task, minutes=5)
    await face.passes(minutes=5)
    face.approaches.free_us[ADA] = face.clock.now_us() + HOUR_US
    with pytest.raises(grpc.aio.AioRpcError, match="contact limit") as refused:
        await claim(face, task_id=task.task_id)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_call_put_off_is_given_back_and_counts_anew_when_taken(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    await snooze(face, task, minutes=5)
    assert face.approaches.reserved == {}
    await face.passes(minutes=5)
    await claim(face)
    assert face.approaches.reserved == {f"{task.task_id}:2": (ADA,)}


async def test_only_a_call_whose_task_was_ended_is_told_of(face):
    await face.lead_to_the_call()
    await sign_on(face)
    await claim(face)
    await face.passes(minutes=16)
    await sign_on(face, "max")
    task = await claim(face, "max")
    assert face.store.calls == {}
    await complete(face, task, "max")
    await complete(face, task, "max")
    assert face.store.calls == {f"{task.task_id}:2": face.clock.now_us()}


async def test_while_the_limit_is_not_known_nobody_is_called_and_the_task_stays(face):
    await face.lead_to_the_call()
    await sign_on(face)
    face.approaches.failure = Unavailable("rules does not answer", reason="PEER_UNAVAILABLE")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await claim(face)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    face.approaches.failure = None
    task = await claim(face)
    assert face.approaches.reserved == {f"{task.task_id}:1": (ADA,)}


async def test_an_agent_who_waits_in_vain_holds_nothing(face):
    await face.lead_to_the_call()
    await sign_on(face)
    face.approaches.hangs = True
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await face.stub.ClaimTask(pb.ClaimTaskRequest(agent_id="eve"), timeout=0.2)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    face.approaches.hangs = False

    async def is_free() -> bool:
        return await face.store.held("eve", face.clock.now_us()) == 0

    await until(is_free)
    task = await claim(face)
    assert face.approaches.reserved == {f"{task.task_id}:1": (ADA,)}


async def snooze(face, task, *, minutes):
    request = pb.SnoozeTaskRequest(agent_id="eve", task_id=task.task_id)
    request.until_time.FromMicroseconds(face.clock.now_us() + minutes * 60_000_000)
    await face.stub.SnoozeTask(request, timeout=5)


async def test_who_refuses_is_not_called_and_the_journey_is_over(face):
    await face.lead_to_the_call()
    await face.lead_to_the_call(BOB)
    await sign_on(face)
    face.approaches.free_us[ADA] = NEVER
    assert list((await claim(face)).person_ids) == [BOB]
    assert not await face.store.open_for([ADA])
    [ended] = [task for task, _ in face.store.tasks.values() if task.person_id == ADA]
    assert ended.outcome == "withdrawn"
    with pytest.raises(grpc.aio.AioRpcError, match="has ended as withdrawn"):
        await claim(face, task_id=ended.task_id)


async def test_a_task_that_was_asked_for_by_name_says_that_they_refuse(face):
    await face.lead_to_the_call()
    await sign_on(face)
    [task] = [task for task, _ in face.store.tasks.values()]
    face.approaches.free_us[ADA] = NEVER
    with pytest.raises(grpc.aio.AioRpcError, match="refuses to be called") as refused:
        await claim(face, task_id=task.task_id)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
