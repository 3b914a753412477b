"""A hosted service says that it serves when it does, over a fake data plane."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from typing import Any

import grpc
import grpc.aio
import pytest

from shared.call import Call
from shared.errors import Unavailable
from shared.health import FAILURES_UNTIL_DOWN
from shared.hosting import hosted
from shared.runtime import Channels
from shared.setting_types import Listen
from shared.transport.listening import take_socket
from tests.grpc.kit.callers import ECHO, NOT_SERVING, RULES, SERVING, ask, channel_to, health_of
from tests.grpc.kit.echo import EchoServicer, pb, stubs
from tests.grpc.kit.hosting_kit import FakePlane, echo_service, settings


async def test_a_service_that_has_what_it_needs_is_serving_under_all_its_names() -> None:
    plane = FakePlane()
    opening = hosted(settings(), echo_service(EchoServicer()), plane.openers(), Channels())
    async with opening as found:
        await asyncio.wait_for(found.health.serving.wait(), 5)
        for name in ("", ECHO, RULES, "touchpoint.common.v1.ClockService"):
            assert await health_of(found.grpc, name) == SERVING


async def test_until_a_dependency_has_answered_once_the_service_is_not_serving() -> None:
    answers = asyncio.Event()
    asked = asyncio.Event()

    async def model_is_there() -> None:
        asked.set()
        if not answers.is_set():
            raise Unavailable("the catalogue is being fetched")

    opened = echo_service(EchoServicer(), {"catalogue": model_is_there})
    async with hosted(settings(), opened, FakePlane().openers(), Channels()) as found:
        await asyncio.wait_for(asked.wait(), 5)
        assert await health_of(found.grpc) == NOT_SERVING
        assert found.health.states()["catalogue"] == "the catalogue is being fetched"
        answers.set()
        await asyncio.wait_for(found.health.serving.wait(), 5)
        assert await health_of(found.grpc) == SERVING


async def test_while_it_waits_for_its_database_the_port_answers_unavailable() -> None:
    plane = FakePlane()
    plane.database.up = False
    told = settings()
    taken, address = take_socket(Listen("127.0.0.1", 0))
    taken.close()
    told = settings(TOUCHPOINT_RULES_LISTEN=str(address))

    async def serve() -> None:
        async with hosted(told, echo_service(EchoServicer()), plane.openers(), Channels()) as it:
            await it.health.serving.wait()

    serving = asyncio.create_task(serve())
    async with channel_to(address) as channel:
        stub = stubs.EchoServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Say(pb.SayRequest(text="x"), timeout=5, wait_for_ready=True)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert caught.value.details() == "the service is starting"
        assert await health_of(address) == NOT_SERVING
    plane.database.up = True
    await asyncio.wait_for(serving, 10)
    assert plane.attempts > 1


async def test_one_late_answer_of_a_dependency_changes_nothing_and_three_do() -> None:
    plane = FakePlane()
    async with hosted(settings(), echo_service(EchoServicer()), plane.openers(), Channels()) as it:
        await asyncio.wait_for(it.health.serving.wait(), 5)
        plane.database.up = False
        await it.health.ask_all()
        assert it.health.is_serving()
        await it.health.ask_all()
        await it.health.ask_all()
        assert not it.health.is_serving()
        plane.database.up = True
        await it.health.ask_all()
        assert it.health.is_serving()


async def test_what_is_only_watched_is_shown_and_neither_waited_for_nor_obeyed() -> None:
    async def lags() -> None:
        raise Unavailable("40 s behind")

    opened = echo_service(EchoServicer(), watched={"relay": lags})
    async with hosted(settings(), opened, FakePlane().openers(), Channels()) as it:
        await asyncio.wait_for(it.health.serving.wait(), 5)
        for _ in range(FAILURES_UNTIL_DOWN):
            await it.health.ask_all()
        assert await health_of(it.grpc) == SERVING
        assert it.health.states()["relay"] == "40 s behind"


@pytest.mark.parametrize(("from_memory", "expected"), [(True, SERVING), (False, NOT_SERVING)])
async def test_only_a_service_that_answers_from_memory_outlives_its_database(
    from_memory: bool, expected: int
) -> None:
    plane = FakePlane()
    opened = echo_service(EchoServicer(), answers_without_postgres=from_memory)
    async with hosted(settings(), opened, plane.openers(), Channels()) as it:
        await asyncio.wait_for(it.health.serving.wait(), 5)
        plane.database.up = False
        for _ in range(FAILURES_UNTIL_DOWN):
            await it.health.ask_all()
        assert await health_of(it.grpc) == expected
        assert it.health.states()["postgres"] == "the database cannot be reached"


async def test_a_service_gets_warm_once_before_it_says_that_it_serves() -> None:
    plane = FakePlane()
    warming, warm = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def warm_up() -> None:
        order.append("warming up")
        warming.set()
        await warm.wait()

    opened = echo_service(EchoServicer(), warm_up=warm_up)
    told, openers = settings(), plane.openers()
    opening = hosted(told, opened, openers, Channels(), settle=lambda: order.append("settling"))
    async with opening as it:
        await asyncio.wait_for(warming.wait(), 5)
        assert await health_of(it.grpc) == NOT_SERVING
        warm.set()
        await asyncio.wait_for(it.health.serving.wait(), 5)
        assert order == ["warming up", "settling"]
        for up in (False, True):
            plane.database.up = up
            for _ in range(FAILURES_UNTIL_DOWN):
                await it.health.ask_all()
        assert it.health.is_serving()
        assert order == ["warming up", "settling"]


async def test_a_service_that_does_not_get_warm_serves_cold(log_lines: StringIO) -> None:
    async def warm_up() -> None:
        raise Unavailable("nobody to ask")

    opened = echo_service(EchoServicer(), warm_up=warm_up)
    async with hosted(settings(), opened, FakePlane().openers(), Channels()) as it:
        await asyncio.wait_for(it.health.serving.wait(), 5)
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [line["why"] for line in lines if line["event"] == "warm_up_failed"] == ["nobody to ask"]


async def test_a_service_that_drains_does_not_say_again_that_it_serves() -> None:
    opened = echo_service(EchoServicer())
    async with hosted(settings(), opened, FakePlane().openers(), Channels()) as it:
        await asyncio.wait_for(it.health.serving.wait(), 5)
        await it.health.drain()
        await it.health.ask_all()
        is_ready, _ = it.health.readiness()
        assert not is_ready


async def test_a_full_server_still_answers_for_its_health() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        await leave.wait()
        return pb.SayResponse()

    told = settings(TOUCHPOINT_RULES_MAX_IN_FLIGHT="1")
    opened = echo_service(EchoServicer(behave))
    async with hosted(told, opened, FakePlane().openers(), Channels()) as found:
        await asyncio.wait_for(found.health.serving.wait(), 5)
        async with channel_to(found.grpc) as channel:
            stub = stubs.EchoServiceStub(channel)
            first = asyncio.ensure_future(ask(stub))
            await entered.wait()
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await ask(stub)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert await health_of(found.grpc) == SERVING
            leave.set()
            await first
