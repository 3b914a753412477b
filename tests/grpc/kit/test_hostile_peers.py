"""Of the peers of a gRPC port those that flood are hung up on, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import grpc.aio
import pytest

from shared.call import Call
from shared.hosting import hosted
from shared.middleware.order import layers
from shared.runtime import Channels
from shared.transport import peer_guard
from shared.transport.accepted import AcceptedConnections, open_files
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.options import server_options
from shared.transport.peer_accounts import (
    LOOKS,
    MESSAGE_BYTES,
    Messages,
    Peer,
    PeerAccounts,
)
from shared.transport.peer_guard import PeerGuard
from shared.transport.routes import routes
from tests.grpc.kit.callers import ask, channel_to
from tests.grpc.kit.echo import SAY, EchoServicer, echo_binding, pb, stubs
from tests.grpc.kit.hosting_kit import FakePlane, RulesSettings, echo_service, settings
from tests.resilience.hostile.frames import (
    PING,
    PREFACE,
    SETTINGS,
    call,
    connection,
    data,
    frame,
    message,
    reset,
    written,
)

LARGEST = 64 * 1024
MANY = 1_000
ENOUGH_S = 30
HOSTS = ["127.0.0.1", "[::1]"]


class Watched:
    """An echo whose peers are looked at when a test says so, with no time between looks."""

    def __init__(self, address, guard, messages):
        self.address, self._guard, self.messages = address, guard, messages

    async def look(self):
        await self._guard.look(0.0)


@contextlib.asynccontextmanager
async def watched(servicer=None, *, most_connections=100, host="127.0.0.1"):
    binding = echo_binding(servicer or EchoServicer())
    messages = Messages(int)
    table = GrpcRoutes(messages=messages)
    table.fill(routes([binding], layers([binding])))
    server = grpc.aio.server(options=server_options(LARGEST))
    server.add_generic_rpc_handlers((table,))
    port = server.add_insecure_port(f"{host}:0")
    await server.start()
    guard = PeerGuard(port, messages, PeerAccounts(LARGEST, most_connections))
    try:
        yield Watched(f"{host}:{port}", guard, messages)
    finally:
        await server.stop(None)


def resets(batch):
    first = 1 + 200 * batch
    return [call(stream, SAY) + reset(stream) for stream in range(first, first + 200, 2)]


def half_messages(batch):
    begun = [call(1, SAY) + data(1, message(b"", length=LARGEST))] if batch == 0 else []
    return [*begun, *[frame(0x0, 0, 1)] * 500]


FLOODS = {
    "resets": resets,
    "settings": lambda batch: [frame(SETTINGS, 0, 0)] * 500,
    "acknowledged pings": lambda batch: [frame(PING, 1, 0, bytes(8))] * 500,
    "empty frames of a call": half_messages,
}


async def cut(edge, flood):
    """Flood until hung up on; the test ends by its timeout if that never comes."""
    async with connection(edge.address.replace("[", "").replace("]", "")) as writer:
        batch = 0
        with contextlib.suppress(OSError):
            while True:
                await written(writer, flood(batch))
                await edge.look()
                batch += 1


def told(log_lines):
    return log_lines.getvalue().count("hostile_peer_cut")


@pytest.mark.parametrize("flood", FLOODS)
async def test_who_floods_is_hung_up_on_and_others_go_on(flood, log_lines):
    async with watched() as edge, grpc.aio.insecure_channel(edge.address) as channel:
        stub = stubs.EchoServiceStub(channel)
        watching = stub.Count(pb.CountRequest(up_to=1))
        async with asyncio.timeout(ENOUGH_S):
            await ask(stub)
            await cut(edge, FLOODS[flood])
            await ask(stub)
        assert [answer.number async for answer in watching]
    assert told(log_lines)
    assert '"address":"127.0.0.1"' in log_lines.getvalue()


@pytest.mark.parametrize("host", HOSTS)
async def test_who_calls_all_the_time_is_not(host, log_lines):
    async with watched(host=host) as edge, grpc.aio.insecure_channel(edge.address) as channel:
        stub = stubs.EchoServiceStub(channel)
        for _ in range(MANY // 50):
            await asyncio.gather(*(ask(stub) for _ in range(50)))
            await edge.look()
        much = pb.SayRequest(text="x", labels={"note": "x" * (LARGEST - 100)})
        for _ in range(3 * LOOKS):
            await asyncio.gather(*(stub.Say(much, timeout=ENOUGH_S) for _ in range(5)))
            await edge.look()
    assert not told(log_lines)


async def test_metadata_of_calls_is_no_flood(log_lines):
    async with watched() as edge, grpc.aio.insecure_channel(edge.address) as channel:
        stub = stubs.EchoServiceStub(channel)
        for number in range(3 * LOOKS):
            bearer = (("authorization", f"{number:06}" + "x" * 6_000),)
            asked = (
                stub.Say(pb.SayRequest(text="x"), metadata=bearer, timeout=ENOUGH_S)
                for _ in range(30)
            )
            await asyncio.gather(*asked)
            await edge.look()
    assert not told(log_lines)


async def test_a_stream_that_is_silent_or_long_is_not(log_lines):
    going_on = asyncio.Event()

    class Watching(EchoServicer):
        async def count(
            self, call: Call, request: pb.CountRequest
        ) -> AsyncIterator[pb.CountResponse]:
            yield pb.CountResponse(number=0)
            await going_on.wait()
            for number in range(1, request.up_to):
                yield pb.CountResponse(number=number)

    async with watched(Watching()) as edge, grpc.aio.insecure_channel(edge.address) as channel:
        stream = stubs.EchoServiceStub(channel).Count(pb.CountRequest(up_to=MANY))
        await stream.read()
        for _ in range(3 * LOOKS):
            await edge.look()
        going_on.set()
        numbers = []
        while (answer := await stream.read()) is not grpc.aio.EOF:
            numbers.append(answer.number)
            if not answer.number % 50:
                await edge.look()
        assert len(numbers) == MANY - 1
    assert not told(log_lines)


async def test_who_reads_much_may_say_so():
    """Readers make room in the window for what they have read, by frames that no call explains."""
    async with watched() as edge, grpc.aio.insecure_channel(edge.address) as channel:
        stub = stubs.EchoServiceStub(channel)
        assert len([answer async for answer in stub.Count(pb.CountRequest(up_to=MANY))]) == MANY
        assert sum(edge.messages.values()) >= MANY * MESSAGE_BYTES


async def test_an_address_has_no_more_connections_than_its_share():
    async with watched(most_connections=3) as edge, contextlib.AsyncExitStack() as stack:
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(edge.address))
        stub = stubs.EchoServiceStub(channel)
        await ask(stub)
        await edge.look()
        others = [await stack.enter_async_context(greeting(edge.address)) for _ in range(5)]
        async with asyncio.timeout(ENOUGH_S):
            while sum(each.done() for each in others) < 3:
                await edge.look()
                await asyncio.sleep(0.01)
        for _ in range(LOOKS):
            await edge.look()
        assert sum(each.done() for each in others) == 3
        await ask(stub)


@contextlib.asynccontextmanager
async def greeting(address):
    """Connect and say what HTTP/2 begins with; lends what is done once the other end hung up."""
    host, _, port = str(address).rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(PREFACE + frame(SETTINGS, 0, 0))
    reading = asyncio.create_task(ended(reader))
    try:
        yield reading
    finally:
        reading.cancel()
        writer.close()
        await asyncio.gather(reading, return_exceptions=True)


async def ended(reader):
    with contextlib.suppress(ConnectionError):
        while await reader.read(4096):
            continue


class Open(RulesSettings):
    """Of a service that anybody may connect to, three times from one address."""

    def meets_strangers(self):
        return True

    def connections_of_one_address(self):
        return 3


@pytest.fixture
async def hosted_echo(monkeypatch):
    monkeypatch.setattr(peer_guard, "LOOK_S", 0.01)
    told = settings(Open, TOUCHPOINT_RULES_MAX_REQUEST_BYTES=str(LARGEST))
    opening = hosted(told, echo_service(EchoServicer()), FakePlane().openers(), Channels())
    async with opening as found:
        yield found


async def test_a_service_that_meets_strangers_cuts_floods_by_itself(hosted_echo):
    async with channel_to(hosted_echo.grpc) as channel, connection(str(hosted_echo.grpc)) as writer:
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(ENOUGH_S):
                while True:
                    await written(writer, FLOODS["settings"](0))
        await ask(stubs.EchoServiceStub(channel))


async def test_a_service_that_meets_strangers_keeps_an_address_to_its_share(hosted_echo):
    async with contextlib.AsyncExitStack() as stack:
        address = hosted_echo.grpc
        held = [await stack.enter_async_context(greeting(address)) for _ in range(4)]
        async with asyncio.timeout(ENOUGH_S):
            await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED)


def test_looking_leaves_no_file_open_and_takes_no_other_for_a_connection(tmp_path):
    local, other = socket.socketpair()
    with (
        (tmp_path / "file").open("w") as file,
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as near,
        local,
        other,
        listening.accept()[0] as far,
    ):
        before = sorted(open_files())
        connections = AcceptedConnections(listening.getsockname()[1])
        peer = Peer(*near.getsockname())
        others = (file.fileno(), listening.fileno(), near.fileno(), local.fileno(), 1 << 20)
        for each in others:
            assert connections.peer(each) is None
            assert not connections.hang_up(each, peer)
        for _ in range(2):  # the second time it is known
            assert connections.peer(far.fileno()) == peer
        near.sendall(b"x" * 100)
        assert far.recv(100, socket.MSG_WAITALL)
        assert connections.received(far.fileno()) == (100, 1)
        assert sorted(open_files()) == before


def test_what_has_taken_the_number_of_a_connection_is_not_taken_for_it():
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as first,
        socket.create_connection(listening.getsockname()) as second,
    ):
        connections = AcceptedConnections(listening.getsockname()[1])
        gone, (staying, _) = listening.accept()[0], listening.accept()
        with gone, staying:
            of_first, of_second = Peer(*first.getsockname()), Peer(*second.getsockname())
            assert connections.peer(gone.fileno()) == of_first
            os.dup2(staying.fileno(), gone.fileno())
            assert connections.peer(gone.fileno()) == of_second
            assert not connections.hang_up(gone.fileno(), of_first)
            assert connections.hang_up(gone.fileno(), of_second)
            assert second.recv(1) == b""
