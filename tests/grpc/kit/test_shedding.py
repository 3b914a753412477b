"""What a caller sees of a server that has too much to do, over the wire and directly alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2

from shared.binding import UNARY_DEADLINE
from shared.call import CALLER, Call, Caller
from shared.client import invoke
from shared.errors import NotFound, Overloaded
from shared.middleware import shed_log, shedding
from shared.middleware.order import Hooks
from shared.overload.limit import FixedLimit, Work
from shared.overload.limiter import Limiter
from shared.overload.priority import Priority
from tests.grpc.kit.conftest import Opener
from tests.grpc.kit.echo import EchoServicer, echo_binding, pb
from tests.grpc.kit.test_both_ways_alike import failure, status_of, unpacked

CLAIMING_TO_BE_SHOP = ((CALLER, "shop"),)


class NotedLimit(FixedLimit):
    """Notes what it is told."""

    def __init__(self, value: float) -> None:
        super().__init__(value)
        self.told: list[tuple[str, float, float]] = []

    def ended(self, work: Work, now: float) -> None:
        self.told.append((work.kind, work.took_s, work.budget_s))


class Waiting(EchoServicer):
    """Has nothing to say until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.leave = asyncio.Event(), asyncio.Event()

    async def count(self, call: Call, request: pb.CountRequest) -> AsyncIterator[pb.CountResponse]:
        self.waiting.set()
        await self.leave.wait()
        yield pb.CountResponse(number=1)


def full() -> Hooks:
    return Hooks(limiter=Limiter(FixedLimit(0)))


async def test_a_refusal_says_when_to_come_again(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer()), full()) as stub:
        seen = await failure(stub.Say(pb.SayRequest(text="x")))
    (retry,) = unpacked(status_of(seen), error_details_pb2.RetryInfo)
    assert seen.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert retry.retry_delay.ToMilliseconds() >= 50


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set as soon as the line of what was shed is written, which is at once."""
    monkeypatch.setattr(shed_log, "EVERY_S", 0.0)
    told = asyncio.Event()
    tell = shed_log.ShedLog.tell

    def tell_and_say_so(self: shed_log.ShedLog) -> None:
        tell(self)
        told.set()

    monkeypatch.setattr(shed_log.ShedLog, "tell", tell_and_say_so)
    return told


def shed_of(lines: StringIO) -> dict[str, Any]:
    """Return the only line of what was shed; no refusal has one of its own."""
    written = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert not [line for line in written if line["event"] == "rpc_answered"]
    (shed,) = (line for line in written if line["event"] == "load_shed")
    return dict(shed)


async def test_at_its_limit_a_service_behind_the_edge_serves_agents_and_refuses_mail(
    echo: Opener,
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        if request.text == "long":
            entered.set()
            await leave.wait()
        return pb.SayResponse(text=request.text)

    async def asked(text: str, priority: Priority) -> str:
        call = Call("/edge", "r").with_priority(priority)
        return (await invoke(stub.Say, pb.SayRequest(text=text), call, timeout_s=5.0)).text

    hooks = Hooks(limiter=Limiter(FixedLimit(4)))
    async with echo(echo_binding(EchoServicer(behave)), hooks) as stub:
        first = asyncio.create_task(asked("long", Priority.BATCH))
        await entered.wait()
        with pytest.raises(Overloaded):
            await asked("mail", Priority.BATCH)
        assert await asked("agent", Priority.AGENT) == "agent"
        leave.set()
        assert await first == "long"


async def test_refusals_leave_one_line_for_all(
    echo: Opener, log_lines: StringIO, told: asyncio.Event
) -> None:
    async with echo(echo_binding(EchoServicer()), full()) as stub:
        await failure(stub.Say(pb.SayRequest(text="x"), metadata=CLAIMING_TO_BE_SHOP))
        await asyncio.wait_for(told.wait(), 5)
    shed = shed_of(log_lines)
    assert (shed["refused"], shed["by_priority"], shed["by_rpc"], shed["by_caller"]) == (
        1,
        {"agent": 1},
        {"Say": 1},
        {"shop": 1},
    )


async def test_a_refused_caller_is_told_by_its_key_whatever_it_calls_itself(
    echo: Opener, log_lines: StringIO, told: asyncio.Event
) -> None:
    hooks = Hooks(limiter=Limiter(FixedLimit(0)), authenticate=lambda _: Caller("greedy key"))
    async with echo(echo_binding(EchoServicer()), hooks) as stub:
        await failure(stub.Say(pb.SayRequest(text="x"), metadata=CLAIMING_TO_BE_SHOP))
        await asyncio.wait_for(told.wait(), 5)
    assert shed_of(log_lines)["by_caller"] == {"greedy key": 1}


async def test_an_answer_teaches_how_long_it_took_of_what_it_had(echo: Opener) -> None:
    limit = NotedLimit(1)
    async with echo(echo_binding(EchoServicer()), Hooks(limiter=Limiter(limit))) as stub:
        await stub.Say(pb.SayRequest(text="x"), timeout=5)
    ((kind, took_s, budget_s),) = limit.told
    assert kind.endswith("/Say")
    assert 0.0 < took_s < budget_s == UNARY_DEADLINE.maximum_s


async def test_an_answer_that_came_too_late_teaches_too(echo: Opener) -> None:
    async def behave(call: Call, request: Any) -> Any:
        await asyncio.Event().wait()

    limit = NotedLimit(1)
    limiter = Limiter(limit)
    async with echo(echo_binding(EchoServicer(behave)), Hooks(limiter=limiter)) as stub:
        await failure(stub.Say(pb.SayRequest(text="x"), timeout=0.05))
        await asyncio.wait_for(limiter.emptied(), 5)
    assert len(limit.told) == 1


async def test_what_failed_for_another_reason_teaches_nothing(echo: Opener) -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise NotFound("no such thing")

    limit = NotedLimit(1)
    async with echo(echo_binding(EchoServicer(behave)), Hooks(limiter=Limiter(limit))) as stub:
        await failure(stub.Say(pb.SayRequest(text="x"), timeout=5))
    assert limit.told == []


async def test_a_stream_holds_its_slot_until_its_first_answer(echo: Opener) -> None:
    limiter = Limiter(FixedLimit(1))
    async with echo(echo_binding(EchoServicer()), Hooks(limiter=limiter)) as stub:
        stream = stub.Count(pb.CountRequest(up_to=3))
        async for _answer in stream:
            assert limiter.in_flight == 0
            assert (await stub.Say(pb.SayRequest(text="beside"))).text == "beside"


async def test_a_stream_that_waits_for_its_first_answer_gives_its_slot_back(
    echo: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shedding, "OPENING_S", 0.0)
    limiter = Limiter(FixedLimit(1))
    servicer = Waiting()
    async with echo(echo_binding(servicer), Hooks(limiter=limiter)) as stub:
        first = asyncio.create_task(_all(stub.Count(pb.CountRequest(up_to=1))))
        await servicer.waiting.wait()
        await asyncio.wait_for(limiter.emptied(), 5)
        servicer.leave.set()
        assert await first == [1]


async def test_beyond_their_number_streams_are_refused(echo: Opener) -> None:
    limiter = Limiter(FixedLimit(10), most_streams=0)
    async with echo(echo_binding(EchoServicer()), Hooks(limiter=limiter)) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _all(stub.Count(pb.CountRequest(up_to=1)))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_streams_that_ended_leave_room_for_others(echo: Opener) -> None:
    limiter = Limiter(FixedLimit(10), most_streams=2)
    async with echo(echo_binding(EchoServicer()), Hooks(limiter=limiter)) as stub:
        for _ in range(3):
            assert await _all(stub.Count(pb.CountRequest(up_to=2))) == [0, 1]
    assert limiter.in_flight == 0


async def _all(stream: Any) -> list[int]:
    return [answer.number async for answer in stream]
