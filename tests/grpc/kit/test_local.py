"""Calls by the socket beside a port: when they go by it, and what becomes of them there."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest

from shared import errors
from shared.budget import Budget
from shared.call import Call, Caller
from shared.client import connect, invoke
from shared.hosting import hosted
from shared.local import calls, served_locally
from shared.local.address import IS_POSSIBLE, beside, socket_name
from shared.local.calls import Connection
from shared.middleware.order import layers
from shared.runtime import Channels
from shared.setting_types import Listen
from shared.testing.background import until
from shared.transport.routes import routes
from tests.grpc.kit.callers import ECHO
from tests.grpc.kit.echo import SAY, EchoServicer, echo_binding, pb, stubs
from tests.grpc.kit.hosting_kit import FakePlane, echo_service, settings

pytestmark = pytest.mark.skipif(not IS_POSSIBLE, reason="there are no such sockets here")


def call() -> Call:
    return Call("/a.B/C", "r1", Budget.of(5.0), {}, Caller("web"))


@pytest.fixture
def by_socket(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods that were called by a socket."""
    found: list[str] = []
    plain = Connection.call

    def counted(self: Connection, method: str, *arguments: Any) -> Any:
        found.append(method)
        return plain(self, method, *arguments)

    monkeypatch.setattr(Connection, "call", counted)
    return found


@asynccontextmanager
async def hosted_echo(
    servicer: EchoServicer, local_sockets: str = "true"
) -> AsyncIterator[tuple[Any, Any]]:
    """A hosted service, and the channel of a peer that has looked for it beside its port."""
    told = settings(TOUCHPOINT_LOCAL_SOCKETS=local_sockets)
    opening = hosted(told, echo_service(servicer), FakePlane().openers(), Channels())
    async with opening as found, connect([str(found.grpc)], ECHO, local_sockets=True) as channel:
        await found.health.serving.wait()
        await channel.channel_ready()
        await channel.replicas[0].channel.channel_ready()
        yield stubs.EchoServiceStub(channel), found


async def test_a_hosted_service_is_called_beside_its_port(by_socket: list[str]) -> None:
    async with hosted_echo(EchoServicer()) as (stub, _):
        answer = await invoke(stub.Say, pb.SayRequest(text="x"), call(), 1.0)
    assert (answer.text, answer.request_id, answer.caller) == ("x", "r1", "web")
    assert by_socket == [SAY]


async def test_what_may_take_long_goes_by_grpc(by_socket: list[str]) -> None:
    async with hosted_echo(EchoServicer()) as (stub, _):
        await invoke(stub.Say, pb.SayRequest(text="x"), call(), 1.1)
    assert by_socket == []


async def test_what_is_too_large_is_refused_as_by_grpc(by_socket: list[str]) -> None:
    async with hosted_echo(EchoServicer()) as (stub, _):
        with pytest.raises(errors.Overloaded):
            await invoke(stub.Say, pb.SayRequest(text="x" * 5_000_000), call(), 1.0)
    assert by_socket == []


async def test_a_service_that_says_not_serving_is_not_called(by_socket: list[str]) -> None:
    servicer = EchoServicer()
    async with hosted_echo(servicer) as (stub, found):
        await found.health.drain()
        channel = stub.Say.channel.replicas[0].channel
        await until(lambda: channel.get_state() is not grpc.ChannelConnectivity.READY)
        with pytest.raises(errors.Unavailable):
            await invoke(stub.Say, pb.SayRequest(text="x"), call(), 1.0)
    assert (servicer.calls, by_socket) == ([], [])


async def test_without_a_socket_calls_go_by_grpc(by_socket: list[str]) -> None:
    async with hosted_echo(EchoServicer(), local_sockets="") as (stub, _):
        answer = await invoke(stub.Say, pb.SayRequest(text="x"), call(), 1.0)
    assert (answer.text, by_socket) == ("x", [])


async def test_of_another_user_nobody_is_believed(
    by_socket: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "is_of_our_user", lambda _: False)
    async with hosted_echo(EchoServicer()) as (stub, _):
        await invoke(stub.Say, pb.SayRequest(text="x"), call(), 1.0)
    assert by_socket == []


@asynccontextmanager
async def connected(servicer: EchoServicer, port: int = 1) -> AsyncIterator[Connection]:
    binding = echo_binding(servicer)
    found = routes([binding], layers([binding]))
    async with served_locally(found, Listen("127.0.0.1", port)):
        connection = await Connection.to(socket_name("127.0.0.1", port))
        assert connection is not None
        yield connection
        connection.close()


def say(connection: Connection, timeout_s: float | None = 5.0, text: str = "x") -> Any:
    request = pb.SayRequest(text=text).SerializeToString()
    return connection.call(SAY, request, timeout_s, {}, pb.SayResponse.FromString)


async def test_callers_of_another_user_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.local.server.is_of_our_user", lambda _: False)
    servicer = EchoServicer()
    async with connected(servicer) as connection:
        assert await say(connection).code() is grpc.StatusCode.UNAVAILABLE
    assert servicer.calls == []


async def test_calls_are_answered_in_any_order_and_size() -> None:
    first = asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        if request.text == "first":
            await first.wait()
        return pb.SayResponse(text=request.text)

    async with connected(EchoServicer(behave)) as connection:
        waiting = say(connection, text="first")
        sizes = [1, 9, 300, 900]
        others = [say(connection, text="x" * size) for size in sizes]
        assert [len((await each).text) for each in others] == sizes
        first.set()
        assert (await waiting).text == "first"


async def test_a_call_that_nobody_waits_for_is_ended() -> None:
    entered, ended = asyncio.Event(), asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with connected(EchoServicer(behave)) as connection:
        outgoing = say(connection, timeout_s=None)
        await entered.wait()
        connection.close()
        assert await outgoing.code() is grpc.StatusCode.UNAVAILABLE
        await ended.wait()


async def test_closing_waits_for_the_answers_of_what_was_begun() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def behave(call: Call, request: Any) -> Any:
        entered.set()
        await leave.wait()
        return pb.SayResponse(text="answered")

    binding = echo_binding(EchoServicer(behave))
    found = routes([binding], layers([binding]))
    async with served_locally(found, Listen("127.0.0.1", 2)):
        connection = await Connection.to(socket_name("127.0.0.1", 2))
        assert connection is not None
        outgoing = say(connection)
        await entered.wait()
        leave.set()
    assert (await outgoing).text == "answered"
    assert await Connection.to(socket_name("127.0.0.1", 2)) is None


async def test_a_name_that_is_taken_is_left_to_who_has_it() -> None:
    async with connected(EchoServicer()) as connection:
        async with served_locally({}, Listen("127.0.0.1", 1)):
            assert (await say(connection)).text == "x"
        assert (await say(connection)).text == "x"


async def test_a_message_without_end_ends_the_connection() -> None:
    async with connected(EchoServicer()) as connection:
        assert connection.transport is not None
        connection.transport.write(struct.pack("<I", 2**31))
        assert await say(connection).code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("ipv4:127.0.0.1:7403", "\0touchpoint/127.0.0.1:7403"),
        ("ipv4:10.0.0.1:7403", ""),
        ("ipv6:[::1]:7403", ""),
        ("dns:///rules:7403", ""),
    ],
)
def test_only_what_is_on_this_machine_has_a_socket_beside(target: str, name: str) -> None:
    assert beside(target) == name
