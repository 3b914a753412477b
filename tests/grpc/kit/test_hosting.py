"""A hosted service from its first listening to its drain, on real ports over a fake data plane."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from shared import hosting
from shared.call import Call
from shared.colocate import Part, colocated
from shared.errors import Unavailable
from shared.health import FAILURES_UNTIL_DOWN
from shared.hosting import Hosted, hosted
from shared.runtime import Channels
from shared.setting_types import Listen
from shared.transport.listening import PortTakenError, take_grpc_port, take_socket
from shared.transport.options import server_options
from tests.grpc.kit.echo import EchoServicer, pb, stubs
from tests.grpc.kit.hosting_kit import (
    FakePlane,
    ProfileSettings,
    RulesSettings,
    echo_service,
    settings,
)
from touchpoint.common.v1 import clock_service_pb2, clock_service_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
ECHO = "touchpoint.test.v1.EchoService"
RULES = "touchpoint.rules.v1.RulesService"


@asynccontextmanager
async def channel_to(address: Listen) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(str(address)) as channel:
        yield channel


async def health_of(address: Listen, service: str = "") -> int:
    async with channel_to(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        return int(answer.status)


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


async def ask(stub: Any) -> Any:
    return await stub.Say(pb.SayRequest(text="x"), timeout=5)


async def test_a_request_over_the_limit_is_refused() -> None:
    told = settings(TOUCHPOINT_RULES_MAX_REQUEST_BYTES="65536")
    opened = echo_service(EchoServicer())
    opening = hosted(told, opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = stubs.EchoServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Say(pb.SayRequest(text="x" * 70_000), timeout=5)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_compressed_request_is_understood() -> None:
    opened = echo_service(EchoServicer())
    opening = hosted(settings(), opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = stubs.EchoServiceStub(channel)
        request, gzip = pb.SayRequest(text="x" * 900), grpc.Compression.Gzip
        answer = await stub.Say(request, compression=gzip, timeout=5)
    assert answer.text == request.text


async def test_undecodable_bytes_are_the_callers_fault() -> None:
    opened = echo_service(EchoServicer())
    opening = hosted(settings(), opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        raw: Any = channel.unary_unary(f"/{ECHO}/Say")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw(b"\xff\xff\xff", timeout=5)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_unknown_rpc_is_unimplemented() -> None:
    opened = echo_service(EchoServicer())
    opening = hosted(settings(), opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        raw: Any = channel.unary_unary(f"/{ECHO}/Shout")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw(b"", timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_reflection_names_the_services(log_lines: StringIO) -> None:
    opened = echo_service(EchoServicer())
    opening = hosted(settings(), opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answers = [a async for a in stub.ServerReflectionInfo(iter([request]), timeout=5)]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {ECHO, "grpc.health.v1.Health", "touchpoint.common.v1.ClockService"} <= names
    assert "library_logged" not in log_lines.getvalue()


async def test_the_clock_is_served_beside_the_services_own_rpcs() -> None:
    opened = echo_service(EchoServicer())
    opening = hosted(settings(), opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = clock_service_pb2_grpc.ClockServiceStub(channel)
        answer = await stub.GetClock(clock_service_pb2.GetClockRequest(), timeout=5)
    assert answer.business_time.seconds > 0


async def test_draining_says_so_first_and_answers_what_it_has_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hosting, "GRACE_S", 60)  # the watch below must not be waited for
    entered, leave = asyncio.Event(), asyncio.Event()
    plane = FakePlane()

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        await leave.wait()
        plane.events.append("answered")
        return pb.SayResponse(text="done")

    draining = asyncio.Event()

    async def serve(ready: asyncio.Future[Hosted]) -> None:
        opened = echo_service(EchoServicer(behave), events=plane.events)
        async with hosted(settings(), opened, plane.openers(), Channels()) as found:
            await found.health.serving.wait()
            ready.set_result(found)
            await draining.wait()

    ready: asyncio.Future[Hosted] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(ready))
    found = await asyncio.wait_for(ready, 5)
    async with channel_to(found.grpc) as channel:
        asking = asyncio.create_task(ask(stubs.EchoServiceStub(channel)))
        await entered.wait()
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        statuses = [(await watch.read()).status]
        draining.set()
        statuses.append((await watch.read()).status)
        assert statuses == [SERVING, NOT_SERVING]
        leave.set()
        assert (await asking).text == "done"
        await asyncio.wait_for(serving, 10)
    assert plane.events == ["answered", "service closed", "bus closed", "database closed"]


async def test_the_http_face_offers_its_bindings_and_readiness() -> None:
    opened = echo_service(EchoServicer(), http=True)
    async with hosted(settings(), opened, FakePlane().openers(), Channels()) as found:
        await asyncio.wait_for(found.health.serving.wait(), 5)
        assert found.http is not None
        async with httpx.AsyncClient(base_url=f"http://{found.http}") as client:
            said = await client.post(f"/{ECHO}/Say", json={"text": "hello"})
            clock = await client.post("/touchpoint.common.v1.ClockService/GetClock", json={})
            ready = await client.get("/readyz")
        line = json.loads(found.ready_line())
    assert said.json()["text"] == "hello"
    assert clock.status_code == 404
    assert ready.json() == {"bus": "ok", "postgres": "ok"}
    assert (line["event"], line["service"]) == ("ready", "rules")
    assert (line["grpc_port"], line["http_port"]) == (found.grpc.port, found.http.port)


async def test_colocated_services_reach_each_other_directly_and_keep_their_ports() -> None:
    seen: list[str] = []

    async def behave(call: Call, request: Any) -> Any:
        seen.append(call.request_id)
        return pb.SayResponse(text="from rules")

    rules = Part(settings(RulesSettings), echo_service(EchoServicer(behave)))

    @asynccontextmanager
    async def open_profile(told: Any, runtime: Any) -> AsyncIterator[Any]:
        stub = stubs.EchoServiceStub(runtime.channel("rules"))

        async def forward(call: Call, request: Any) -> Any:
            return await stub.Say(request, metadata=(("x-request-id", call.request_id),))

        async with echo_service(EchoServicer(forward))(told, runtime) as service:
            yield service

    profile = Part(settings(ProfileSettings), open_profile)
    async with colocated([rules, profile], FakePlane().openers()) as found:
        async with channel_to(found["profile"].grpc) as channel:
            request, metadata = pb.SayRequest(text="x"), (("x-request-id", "r1"),)
            answer = await stubs.EchoServiceStub(channel).Say(request, metadata=metadata, timeout=5)
        assert answer.text == "from rules"
        assert seen == ["r1"]
        await asyncio.wait_for(found["rules"].health.serving.wait(), 5)
        assert await health_of(found["rules"].grpc, ECHO) == SERVING


async def test_a_colocated_service_that_cannot_open_ends_all_with_its_own_error() -> None:
    @asynccontextmanager
    async def broken(told: Any, runtime: Any) -> AsyncIterator[Any]:
        raise ValueError("no such model")
        yield

    parts = [
        Part(settings(RulesSettings), echo_service(EchoServicer())),
        Part(settings(ProfileSettings), broken),
    ]
    with pytest.raises(ValueError, match="no such model"):
        async with colocated(parts, FakePlane().openers()):
            pass


async def test_a_taken_port_that_was_asked_for_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        wanted = Listen("127.0.0.1", other.getsockname()[1])
        server = grpc.aio.server(options=server_options(65536))
        with pytest.raises(PortTakenError, match=str(wanted.port)):
            take_grpc_port(server, wanted)
        with pytest.raises(PortTakenError, match=str(wanted.port)):
            take_socket(wanted)


async def test_a_taken_default_port_gives_way_to_the_next_free_one_and_is_named(
    log_lines: StringIO,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        wanted = Listen("127.0.0.1", other.getsockname()[1], is_default=True)
        server = grpc.aio.server(options=server_options(65536))
        bound = take_grpc_port(server, wanted)
        taken, listening = take_socket(wanted)
        taken.close()
        await server.start()
        await server.stop(None)
    assert bound.port > wanted.port
    assert listening.port > wanted.port
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [(line["event"], line["wanted"]) for line in lines] == [("port_taken", wanted.port)] * 2


async def test_a_second_server_cannot_take_the_same_port_unnoticed() -> None:
    first, second = (grpc.aio.server(options=server_options(65536)) for _ in range(2))
    bound = take_grpc_port(first, Listen("127.0.0.1", 0))
    await first.start()
    with pytest.raises(PortTakenError):
        take_grpc_port(second, bound)
    await first.stop(None)
