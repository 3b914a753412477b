"""Outgoing calls: deadlines handed on, errors translated, replicas avoided, nothing cancelled."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio

from shared import errors
from shared.budget import Budget
from shared.call import Call, Caller
from shared.client import connect, follow, invoke
from shared.middleware.order import Hooks, layers
from shared.overload.limit import FixedLimit
from shared.overload.limiter import Limiter
from shared.overload.priority import Priority
from shared.testing.grpc import grpc_service
from shared.transport import options
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.options import server_options
from shared.transport.routes import new_call, routes
from tests.grpc.kit.conftest import Opener
from tests.grpc.kit.echo import SAY, EchoServicer, echo_binding, pb, stubs

SERVING = health_pb2.HealthCheckResponse.SERVING
READY = grpc.ChannelConnectivity.READY
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def call(budget_s: float | None = None) -> Call:
    budget = None if budget_s is None else Budget.of(budget_s)
    trace = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    return Call("/a.B/C", "r1", budget, trace, Caller("web"))


async def test_the_peer_gets_what_is_left_of_the_budget_and_who_asks(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await invoke(stub.Say, pb.SayRequest(text="x"), call(0.3), timeout_s=0.9)
    assert 0.1 < answer.remaining_s <= 0.302
    assert (answer.request_id, answer.caller, answer.trace_id) == ("r1", "web", "ab" * 16)


@pytest.mark.parametrize("priority", Priority)
async def test_the_peer_ranks_a_call_as_the_call_that_it_is_made_for(
    echo: Opener, priority: Priority
) -> None:
    servicer = EchoServicer()
    async with echo(echo_binding(servicer), Hooks(limiter=Limiter(FixedLimit(9)))) as stub:
        ranked = call().with_priority(priority)
        await invoke(stub.Say, pb.SayRequest(text="x"), ranked, timeout_s=2.0)
        async for _answer in follow(stub.Count, pb.CountRequest(up_to=1), ranked):
            pass
    assert [seen.priority for seen in servicer.calls] == [priority, priority]
    assert all(priority.value in seen.metadata.values() for seen in servicer.calls) is (
        priority is not Priority.AGENT
    )


async def test_a_trace_that_is_none_is_not_handed_on() -> None:
    async with grpc_service(echo_binding(EchoServicer())) as channel:
        stub: Any = stubs.EchoServiceStub(channel)
        for parent in ("ä", "00-ab\n-cd-01", "x" * 20_000):
            call = new_call(SAY, {"traceparent": parent}, None)
            async with asyncio.timeout(5):  # such a header once ended no call, not even late
                assert (await invoke(stub.Say, pb.SayRequest(text="x"), call, 2.0)).text == "x"


async def test_the_own_timeout_counts_where_it_is_shorter(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        answer = await invoke(stub.Say, pb.SayRequest(text="x"), call(0.9), timeout_s=0.2)
    assert answer.remaining_s <= 0.202


async def test_with_nothing_left_the_peer_is_not_asked(echo: Opener) -> None:
    servicer = EchoServicer()
    async with echo(echo_binding(servicer)) as stub:
        with pytest.raises(errors.DeadlineExceeded):
            await invoke(stub.Say, pb.SayRequest(text="x"), call(0.0), timeout_s=0.2)
    assert servicer.calls == []


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidArgument([errors.FieldViolation("a.b", "is odd")]),
        errors.NotFound("no such thing", reason="NO_ORDER"),
        errors.Conflict("differs"),
        errors.Aborted("lost a race"),
        errors.FailedPrecondition("not now"),
        errors.Ambiguous("two fit"),
        errors.OutOfRange("gone"),
        errors.PermissionDenied("may not"),
        errors.Overloaded(retry_after_s=0.25),
        errors.DeadlineExceeded("late"),
        errors.Unavailable("away"),
        errors.Internal("broken"),
    ],
)
async def test_a_peers_error_arrives_as_the_same_error(
    echo: Opener, error: errors.TouchpointError
) -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise error

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        with pytest.raises(type(error)) as caught:
            await invoke(stub.Say, pb.SayRequest(text="x"), call(), timeout_s=1.0)
    assert caught.value.message == error.message
    assert caught.value.reason == error.reason
    for name in ("violations", "retry_after_s"):
        assert getattr(caught.value, name, None) == getattr(error, name, None)


@pytest.mark.parametrize(
    ("error", "is_refusal"),
    [
        (errors.Overloaded(), True),
        (errors.TooLarge("too much"), False),
        (errors.Unavailable("away"), False),
    ],
)
async def test_it_is_noted_that_a_peer_refused(
    echo: Opener, error: errors.TouchpointError, is_refusal: bool
) -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise error

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        asking = call()
        with pytest.raises(type(error)):
            await invoke(stub.Say, pb.SayRequest(text="x"), asking, timeout_s=2.0)
    assert asking.waits.was_refused is is_refusal


async def test_a_peer_that_is_not_there_is_unavailable() -> None:
    async with connect(["127.0.0.1:1"], "nobody") as channel:
        stub = stubs.EchoServiceStub(channel)
        with pytest.raises(errors.Unavailable):
            await invoke(stub.Say, pb.SayRequest(text="x"), call(), timeout_s=1.0)


async def test_a_slow_peer_is_given_up_at_its_timeout(echo: Opener) -> None:
    async def behave(call: Call, request: Any) -> Any:
        await asyncio.Event().wait()

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        with pytest.raises(errors.DeadlineExceeded):
            await invoke(stub.Say, pb.SayRequest(text="x"), call(), timeout_s=0.05)


async def test_giving_up_the_answer_does_not_cancel_the_call(echo: Opener) -> None:
    entered, leave, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        await leave.wait()
        finished.set()
        return pb.SayResponse()

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        asking = asyncio.create_task(invoke(stub.Say, pb.SayRequest(text="x"), call(), 5.0))
        await entered.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        leave.set()
        await asyncio.wait_for(finished.wait(), 5)
    assert asking.cancelled()


async def test_a_failure_that_nobody_waits_for_any_more_is_no_noise(echo: Opener) -> None:
    entered, leave, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
    noise: list[object] = []

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        await leave.wait()
        asyncio.get_running_loop().call_soon(finished.set)
        raise errors.NotFound("too late to matter")

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: noise.append(context))
    async with echo(echo_binding(EchoServicer(behave))) as stub:
        asking = asyncio.create_task(invoke(stub.Say, pb.SayRequest(text="x"), call(), 5.0))
        await entered.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        leave.set()
        await asyncio.wait_for(finished.wait(), 5)
    del asking  # its traceback still holds the call
    gc.collect()
    loop.set_exception_handler(None)
    assert noise == []


async def test_a_stream_is_followed_to_its_end(echo: Opener) -> None:
    async with echo(echo_binding(EchoServicer())) as stub:
        found = [part.number async for part in follow(stub.Count, pb.CountRequest(up_to=3), call())]
    assert found == [0, 1, 2]


async def test_a_streams_error_is_translated(echo: Opener) -> None:
    async def behave(call: Call, request: Any) -> Any:
        raise errors.OutOfRange("gone")

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        stream = follow(stub.Count, pb.CountRequest(up_to=3), call())
        assert (await anext(stream)).number == 0
        with pytest.raises(errors.OutOfRange):
            await anext(stream)


async def test_a_stream_ends_with_the_budget_of_who_follows_it(echo: Opener) -> None:
    async def behave(call: Call, request: Any) -> Any:
        await asyncio.Event().wait()

    async with echo(echo_binding(EchoServicer(behave))) as stub:
        stream = follow(stub.Count, pb.CountRequest(up_to=3), call(0.1))
        assert (await anext(stream)).number == 0
        with pytest.raises(errors.DeadlineExceeded):
            await anext(stream)


@asynccontextmanager
async def replica(servicer: EchoServicer, health: aio.HealthServicer) -> AsyncIterator[int]:
    binding = echo_binding(servicer)
    server = grpc.aio.server(options=server_options(65536))
    table = GrpcRoutes()
    table.fill(routes([binding], layers([binding])))
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    server.add_generic_rpc_handlers((table,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield port
    await server.stop(None)


def named(name: str) -> EchoServicer:
    async def behave(call: Call, request: Any) -> Any:
        return pb.SayResponse(text=name)

    return EchoServicer(behave)


async def test_calls_go_round_the_replicas_and_avoid_one_that_is_not_serving() -> None:
    async def asked(stub: Any) -> set[str]:
        asking = (invoke(stub.Say, pb.SayRequest(text="x"), call(), 10.0) for _ in range(6))
        return {(await each).text for each in asking}

    async def until(stub: Any, wanted: set[str]) -> None:
        async with asyncio.timeout(10):
            while await asked(stub) != wanted:
                pass

    one, two = aio.HealthServicer(), aio.HealthServicer()
    for health in (one, two):
        await health.set("echo", SERVING)
    async with replica(named("one"), one) as first, replica(named("two"), two) as second:
        targets = [f"127.0.0.1:{first}", f"localhost:{second}"]
        async with connect(targets, "echo") as channel:
            stub = stubs.EchoServiceStub(channel)
            await until(stub, {"one", "two"})
            await two.set("echo", NOT_SERVING)
            await until(stub, {"one"})
            await two.set("echo", SERVING)
            await until(stub, {"one", "two"})


async def test_both_ends_agree_on_how_often_an_idle_connection_is_pinged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(options, "PING_EVERY_MS", 100)
    unwatched = [pair for pair in options.client_options("") if "config" not in pair[0]]
    async with (
        replica(named("x"), aio.HealthServicer()) as port,
        grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=unwatched) as channel,
    ):
        await asyncio.wait_for(channel.channel_ready(), 10)
        left = asyncio.create_task(channel.wait_for_state_change(READY))
        # A server that disagrees hangs up within five seconds, whatever the interval.
        await asyncio.wait({left}, timeout=6.0)
        assert not left.done()
        left.cancel()
