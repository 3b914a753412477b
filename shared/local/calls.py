"""The calling end of a connection to another process of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Generator, Mapping
from typing import Any

import grpc
import grpc.aio
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status

from shared.call import REQUEST_ID
from shared.local.address import is_of_our_user
from shared.local.frames import Frames
from shared.replicas.ended import ended
from shared.transport.status import STATUS_DETAILS
from touchpoint.common.v1.local_call_pb2 import LocalAnswer, LocalCall

_GRPC_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
_LATE = Status(code=Code.DEADLINE_EXCEEDED, message="Deadline Exceeded")
_GONE = Status(code=Code.UNAVAILABLE, message="the connection was lost")
Deserialise = Callable[[bytes], Any]


class OutgoingCall:
    """One call under way; it quacks like grpc.aio's, but that nobody can cancel it."""

    __slots__ = (
        "_callbacks",
        "_deserialise",
        "_is_done",
        "_request_id",
        "_response",
        "_status",
        "alarm",
    )

    def __init__(self, deserialise: Deserialise) -> None:
        self.alarm: asyncio.TimerHandle | None = None
        self._deserialise = deserialise
        self._is_done = False
        self._request_id = ""
        self._response = b""
        self._status: Status | None = None
        self._callbacks: list[Callable[[Any], None]] = []

    def answered(self, answer: LocalAnswer) -> None:
        """End it as the answer says."""
        self._request_id = answer.request_id
        if answer.status:
            self.failed(Status.FromString(answer.status))
        else:
            self._response = answer.response
            self._end()

    def failed(self, status: Status) -> None:
        """End it without a response."""
        self._status = status
        self._end()

    def _end(self) -> None:
        self._is_done = True
        if self.alarm is not None:
            self.alarm.cancel()
        for callback in self._callbacks:
            callback(self)

    def done(self) -> bool:
        """Say whether it has ended."""
        return self._is_done

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call back when it ends, at once where it has."""
        if self._is_done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def __await__(self) -> Generator[Any, None, Any]:
        yield from self._ended().__await__()
        if self._status is not None:
            raise _rpc_error(self._status)
        return self._deserialise(self._response)

    async def code(self) -> grpc.StatusCode:
        """Return how it ended, when it has."""
        await self._ended()
        return grpc.StatusCode.OK if self._status is None else _GRPC_CODES[self._status.code]

    async def details(self) -> str:
        """Return what was said of how it ended, when it has."""
        await self._ended()
        return "" if self._status is None else self._status.message

    async def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        """Return the request id where the caller gave none, when it has ended."""
        await self._ended()
        return ((REQUEST_ID, self._request_id),) if self._request_id else ()

    async def _ended(self) -> None:
        if self._is_done:
            return
        await ended(self)


def _rpc_error(status: Status) -> grpc.aio.AioRpcError:
    trailing = grpc.aio.Metadata((STATUS_DETAILS, status.SerializeToString()))
    code = _GRPC_CODES[status.code]
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=status.message)


class Connection(Frames):
    """All calls to one process; it ends when that does."""

    def __init__(self) -> None:
        super().__init__()
        self._under_way: dict[int, OutgoingCall] = {}
        self._last = 0

    @classmethod
    async def to(cls, name: str) -> Connection | None:
        """Connect to a socket of this machine; None where nobody of our user listens."""
        wanted = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wanted.setblocking(False)
        try:
            wanted.connect(name)
            if not is_of_our_user(wanted):
                raise PermissionError(name)
        except OSError:
            wanted.close()
            return None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(cls, sock=wanted)
        return connection

    @property
    def is_open(self) -> bool:
        """Whether it can be called by."""
        return self.transport is not None and not self.transport.is_closing()

    def call(
        self,
        method: str,
        request: bytes,
        timeout_s: float | None,
        metadata: Mapping[str, str],
        deserialise: Deserialise,
    ) -> OutgoingCall:
        """Begin a call; without a time-out it waits as long as there is the connection."""
        self._last += 1
        number, outgoing = self._last, OutgoingCall(deserialise)
        self._under_way[number] = outgoing
        if timeout_s is not None:
            loop = asyncio.get_running_loop()
            outgoing.alarm = loop.call_later(timeout_s, self._give_up, number)
        asked = LocalCall(
            number=number,
            method=method,
            timeout_us=0 if timeout_s is None else max(1, int(timeout_s * 1e6)),
            metadata=metadata,
            request=request,
        )
        self.send(asked.SerializeToString())
        return outgoing

    def received(self, message: bytes) -> None:
        """End the call that is answered; one that was given up is over."""
        answer = LocalAnswer.FromString(message)
        outgoing = self._under_way.pop(answer.number, None)
        if outgoing is not None:
            outgoing.answered(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what will not be answered."""
        super().connection_lost(exc)
        under_way, self._under_way = self._under_way, {}
        for outgoing in under_way.values():
            outgoing.failed(_GONE)

    def close(self) -> None:
        """End it."""
        if self.transport is not None:
            self.transport.abort()

    def _give_up(self, number: int) -> None:
        outgoing = self._under_way.pop(number, None)
        if outgoing is not None:
            outgoing.failed(_LATE)
