"""Serves the routes of a service to the other processes of its machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from google.protobuf.message import DecodeError, Message

from shared.budget import Budget
from shared.call import REQUEST_ID, Call
from shared.errors import InvalidArgument, TooLarge, TouchpointError, Unimplemented
from shared.local.address import IS_POSSIBLE, is_of_our_user, socket_name
from shared.local.frames import Frames
from shared.logging import get_logger
from shared.setting_types import Listen
from shared.transport.options import ANSWER_LIMIT
from shared.transport.routes import Routes, UnaryRoute, new_call
from shared.transport.status import to_status
from touchpoint.common.v1.local_call_pb2 import LocalAnswer, LocalCall

log = get_logger(__name__)

_LAST_ANSWERS_S = 0.05
"""When it closes, the calls under way have had their time: what is left to do is to be sent."""


@asynccontextmanager
async def served_locally(routes: Routes, address: Listen) -> AsyncIterator[None]:
    """Serve the rpcs of one answer beside a gRPC port of the loopback, within the context.

    Where that is not possible nothing is served: who calls goes by gRPC then.
    """
    taken = _taken(address)
    if taken is None:
        yield
        return
    found = {method: route for method, route in routes.items() if isinstance(route, UnaryRoute)}
    connections: set[_Connection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: _Connection(found, connections), sock=taken)
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*(connection.closed() for connection in tuple(connections)))


def _taken(address: Listen) -> socket.socket | None:
    """Bind the socket; None where there can be none, or another process has it."""
    host = "127.0.0.1" if address.host == "localhost" else address.host
    if not IS_POSSIBLE or not host.startswith("127."):
        return None
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        taken.bind(socket_name(host, address.port))
    except OSError as error:
        taken.close()
        log.info("no_local_socket", beside=str(address), why=str(error))
        return None
    return taken


class _Connection(Frames):
    """All calls of one process."""

    def __init__(self, routes: Mapping[str, UnaryRoute], connections: set[_Connection]) -> None:
        super().__init__()
        self._routes = routes
        self._connections = connections
        self._under_way: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take on processes of our own user, and nobody else."""
        super().connection_made(transport)
        if not is_of_our_user(transport.get_extra_info("socket")):
            transport.close()
            return
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what nobody waits for any more."""
        super().connection_lost(exc)
        self._connections.discard(self)
        for task in self._under_way:
            task.cancel()

    def received(self, message: bytes) -> None:
        """Begin a call."""
        if self not in self._connections:
            return
        task = asyncio.get_running_loop().create_task(self._answer(LocalCall.FromString(message)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer(self, asked: LocalCall) -> None:
        timeout_s = asked.timeout_us / 1e6
        budget = Budget.of(timeout_s) if timeout_s else None
        call = new_call(asked.method, dict(asked.metadata), budget)
        alarm = _ending_this_task_in(timeout_s) if timeout_s else None
        answer = LocalAnswer(number=asked.number)
        if call.metadata.get(REQUEST_ID) != call.request_id:
            answer.request_id = call.request_id
        try:
            answer.response = await self._handled(call, asked.request)
        except TouchpointError as error:
            answer.status = to_status(error, call.request_id).SerializeToString()
        except asyncio.CancelledError:
            return  # its caller has given up or is gone
        finally:
            if alarm is not None:
                alarm.cancel()
        self.send(answer.SerializeToString())

    async def _handled(self, call: Call, data: bytes) -> bytes:
        route = self._routes.get(call.method)
        if route is None:
            raise Unimplemented(f"there is no {call.method}")
        response = await route.handle(call, _decoded(route.request_type, data))
        serialised = response.SerializeToString()
        if len(serialised) > ANSWER_LIMIT:
            raise TooLarge(f"the answer has {len(serialised)} bytes")
        return serialised

    async def closed(self) -> None:
        """Close it once what was begun is answered."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_ANSWERS_S)
        if self.transport is not None:
            with contextlib.suppress(OSError):
                self.transport.close()


def _ending_this_task_in(seconds: float) -> asyncio.TimerHandle:
    task = asyncio.current_task()
    assert task is not None
    return asyncio.get_running_loop().call_later(seconds, task.cancel)


def _decoded(kind: type[Message], data: bytes) -> Message:
    try:
        return kind.FromString(data)
    except DecodeError:
        raise InvalidArgument(
            message="the request is not a valid protobuf message", reason="UNDECODABLE"
        ) from None
