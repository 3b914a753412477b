"""Services in one process reach each other directly and keep their ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.call import Call
from shared.client import invoke
from shared.colocate import Part, colocated
from shared.overload.priority import Priority
from tests.grpc.kit.callers import ECHO, SERVING, channel_to, health_of
from tests.grpc.kit.echo import EchoServicer, pb, stubs
from tests.grpc.kit.hosting_kit import (
    FakePlane,
    ProfileSettings,
    RulesSettings,
    echo_service,
    settings,
)


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


async def test_colocated_services_tell_each_other_how_a_call_is_ranked() -> None:
    servicer = EchoServicer()
    rules = Part(settings(RulesSettings), echo_service(servicer))

    @asynccontextmanager
    async def open_profile(told: Any, runtime: Any) -> AsyncIterator[Any]:
        stub = stubs.EchoServiceStub(runtime.channel("rules"))

        async def forward(call: Call, request: Any) -> Any:
            return await invoke(stub.Say, request, call, 5.0)

        async with echo_service(EchoServicer(forward))(told, runtime) as service:
            yield service

    profile = Part(settings(ProfileSettings), open_profile)
    async with (
        colocated([rules, profile], FakePlane().openers()) as found,
        channel_to(found["profile"].grpc) as channel,
    ):
        request, metadata = pb.SayRequest(text="x"), (("x-touchpoint-priority", "batch"),)
        await stubs.EchoServiceStub(channel).Say(request, metadata=metadata, timeout=5)
    assert [call.priority for call in servicer.calls] == [Priority.BATCH]


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
