"""A call is an approach like any other: one limit counts over all channels together."""

import grpc
import pytest

from shared.errors import Unavailable
from tests.grpc.scenario.test_journeys_and_tasks import claim, sign_on
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


async def test_a_call_that_was_never_made_is_given_back_by_whoever_takes_it_next(face):
    await face.lead_to_the_call()
    await sign_on(face)
    task = await claim(face)
    await face.passes(minutes=16)
    await sign_on(face, "max")
    await claim(face, "max")
    assert face.approaches.reserved == {f"{task.task_id}:2": (ADA,)}


async def test_while_the_limit_is_not_known_nobody_is_called_and_the_task_stays(face):
    await face.lead_to_the_call()
    await sign_on(face)
    face.approaches.failure = Unavailable("rules does not answer", reason="PEER_UNAVAILABLE")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await claim(face)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    face.approaches.failure = None
    assert list((await claim(face)).person_ids) == [ADA]


async def snooze(face, task, *, minutes):
    request = pb.SnoozeTaskRequest(agent_id="eve", task_id=task.task_id)
    request.until_time.FromMicroseconds(face.clock.now_us() + minutes * 60_000_000)
    await face.stub.SnoozeTask(request, timeout=5)
