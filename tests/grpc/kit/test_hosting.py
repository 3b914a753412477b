"""A hosted service answers its callers until its drain, on real ports over a fake data plane."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
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
from shared.hosting import Hosted, hosted
from shared.runtime import Channels
from shared.service import Load
from shared.setting_types import Listen
from tests.grpc.kit.callers import ECHO, NOT_SERVING, SERVING, ask, channel_to
from tests.grpc.kit.echo import EchoServicer, pb, stubs
from tests.grpc.kit.hosting_kit import FakePlane, echo_service, settings
from touchpoint.common.v1 import clock_service_pb2, clock_service_pb2_grpc


async def test_a_request_over_the_limit_is_refused() -> None:
    told = settings(TOUCHPOINT_RULES_MAX_REQUEST_BYTES="65536")
    opened = echo_service(EchoServicer())
    opening = hosted(told, opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = stubs.EchoServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Say(pb.SayRequest(text="x" * 70_000), timeout=5)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_behind_the_edge_those_who_watch_leave_room_for_calls() -> None:
    entered, watching = asyncio.Semaphore(0), asyncio.Event()

    async def watched(call: Call, request: Any) -> Any:
        if call.streaming:
            entered.release()
            await watching.wait()
        return pb.SayResponse(text="answered")

    opened = echo_service(EchoServicer(watched))
    told = settings(TOUCHPOINT_RULES_MAX_STREAMS="400", TOUCHPOINT_RULES_MAX_IN_FLIGHT="200")
    opening = hosted(told, opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = stubs.EchoServiceStub(channel)
        streams = [stub.Count(pb.CountRequest(up_to=1)) for _ in range(150)]
        async with asyncio.timeout(10):
            for _ in streams:
                await entered.acquire()
        assert (await stub.Say(pb.SayRequest(text="x"), timeout=5)).text == "answered"
        watching.set()
        for stream in streams:
            stream.cancel()


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


async def test_in_production_reflection_tells_nobody_what_there_is() -> None:
    told = settings(TOUCHPOINT_MODE="production")
    opened = echo_service(EchoServicer())
    opening = hosted(told, opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            _ = [a async for a in stub.ServerReflectionInfo(iter([request]), timeout=5)]
        answer = await stubs.EchoServiceStub(channel).Say(pb.SayRequest(text="x"), timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert answer.text == "x"


def test_beyond_this_machine_nothing_is_reflected_in_development_either() -> None:
    address = Listen("0.0.0.0", 7403)
    assert not replace(settings(), listen=address).reflects()
    assert settings().reflects()


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


async def test_a_service_hears_how_full_its_house_is() -> None:
    heard: list[Load] = []
    loads: list[float] = []

    async def behave(call: Call, request: Any) -> Any:
        loads.append(heard[0]())
        return pb.SayResponse()

    opened = echo_service(EchoServicer(behave), hear_load=heard.append)
    opening = hosted(settings(), opened, FakePlane().openers(), Channels())
    async with opening as found, channel_to(found.grpc) as channel:
        await ask(stubs.EchoServiceStub(channel))
        [load], [during] = heard, loads
        assert 0.0 < during < 1.0
        assert load() == 0.0
