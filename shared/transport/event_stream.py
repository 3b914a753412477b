"""Streams as server-sent events, for `EventSource` and everything that reads lines."""

from __future__ import annotations

import asyncio
import contextlib
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import parse_qs

from google.protobuf.message import Message

from shared.budget import Budget
from shared.call import REQUEST_ID, Call
from shared.errors import (
    DeadlineExceeded,
    FieldViolation,
    InvalidArgument,
    TooLarge,
    TouchpointError,
)
from shared.transport.asgi import DisconnectedError, Receive, Scope, Send, body_of, header, refuse
from shared.transport.json_codec import JsonCodec
from shared.transport.routes import StreamRoute, new_call
from shared.transport.timeouts import timeout_of
from shared.transport.wire_error import as_json

EVENTS = "text/event-stream"
HEARTBEAT_S = 15.0
"""Less than what proxies wait for before they end a silent answer."""
_SETTLED_S = 0.5
"""How long a first message or a refusal is waited for before the answer is begun."""
_HEADERS = (
    (b"content-type", EVENTS.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
_BEGUN = b"retry: 1000\n\n"
_ALIVE = b":\n\n"
_END = b"event: end\ndata: {}\n\n"


def asks_for_events(scope: Scope) -> bool:
    """Say whether a request of a stream is one for server-sent events."""
    return scope["method"] in ("GET", "POST") and EVENTS in header(scope, "accept").lower()


class EventStreams:
    """Answers with an event of JSON per message.

    The request is a body of JSON, or stands as JSON in the address (`?message=`). What is refused
    at once is so by HTTP status, what fails later is an event `failed`, and a stream that comes to
    its end says `end`.
    """

    def __init__(self, max_request_bytes: int, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._max_request_bytes = max_request_bytes
        self._heartbeat_s = heartbeat_s
        self._codec = JsonCodec()

    async def serve(
        self, route: StreamRoute, request_id: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer one request, until its stream ends or its caller leaves."""
        try:
            request = await self._request(route, scope, receive)
            call = _call(route.method, request_id, scope)
        except TouchpointError as error:
            await refuse(send, error, request_id)
            return
        except DisconnectedError:
            return
        telling = _Telling(send, self._codec, request_id)
        responses = route.handle(call, request)
        gone = asyncio.ensure_future(_left(receive))
        try:
            await self._tell(telling, responses, gone, call.budget)
        finally:
            gone.cancel()
            await responses.aclose()

    async def _request(self, route: StreamRoute, scope: Scope, receive: Receive) -> Message:
        if scope["method"] == "POST":
            body = await body_of(receive, self._max_request_bytes)
            if body is None:
                raise TooLarge(f"the request is larger than {self._max_request_bytes} bytes")
            return self._codec.decode(body, route.request_type)
        return self._codec.decode(_addressed(scope), route.request_type)

    async def _tell(
        self,
        telling: _Telling,
        responses: AsyncGenerator[Message, None],
        gone: asyncio.Future[None],
        budget: Budget | None,
    ) -> None:
        """Send each message as it comes, and signs of life between them."""
        while True:
            following = asyncio.ensure_future(anext(responses))
            try:
                if not await self._awaited(telling, following, gone, budget):
                    return
                if await telling.outcome(following):
                    return
            finally:
                await _ended(following)

    async def _awaited(
        self,
        telling: _Telling,
        following: asyncio.Future[Message],
        gone: asyncio.Future[None],
        budget: Budget | None,
    ) -> bool:
        """Wait for the next message; say whether it came before the caller left or was too late."""
        while True:
            pause_s = self._heartbeat_s if telling.begun else _SETTLED_S
            left_s = pause_s if budget is None else min(pause_s, budget.remaining_s())
            either: set[asyncio.Future[Any]] = {following, gone}
            await asyncio.wait(either, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() or following.done():
                return not gone.done()
            if budget is not None and budget.expired():
                await telling.failed(DeadlineExceeded("Deadline Exceeded"))
                return False
            await telling.alive()


class _Telling:
    """What has been said of a stream so far."""

    def __init__(self, send: Send, codec: JsonCodec, request_id: str) -> None:
        self._send = send
        self._codec = codec
        self._request_id = request_id
        self.begun = False

    async def outcome(self, following: asyncio.Future[Message]) -> bool:
        """Tell a message, the end or a failure; say whether that was the last word."""
        try:
            message = following.result()
        except StopAsyncIteration:
            await self._say(_END, last=True)
            return True
        except TouchpointError as error:
            await self.failed(error)
            return True
        await self._say(b"data: " + self._codec.encode(message) + b"\n\n")
        return False

    async def alive(self) -> None:
        """Say nothing, so that nobody in between takes the stream for dead."""
        await self._say(_ALIVE)

    async def failed(self, error: TouchpointError) -> None:
        """Say why there is no more."""
        if not self.begun:
            await refuse(self._send, error, self._request_id)
            return
        told = as_json(error, self._request_id)
        await self._say(b"event: failed\ndata: " + told + b"\n\n", last=True)

    async def _say(self, part: bytes, *, last: bool = False) -> None:
        if not self.begun:
            self.begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            part = _BEGUN + part
        await self._send({"type": "http.response.body", "body": part, "more_body": not last})


def _addressed(scope: Scope) -> bytes:
    told: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
    message = told.get("message", ["{}"])[0]
    if told.get("base64", ["0"])[0] != "1":
        return message.encode()
    try:
        return urlsafe_b64decode(message + "===")
    except ValueError:
        raise InvalidArgument([FieldViolation("message", "must be base64")]) from None


def _call(method: str, request_id: str, scope: Scope) -> Call:
    timeout_s = timeout_of(scope)
    budget = None if timeout_s is None else Budget.of(timeout_s)
    told = {key.decode("latin-1"): value.decode() for key, value in scope["headers"]}
    return new_call(method, {**told, REQUEST_ID: request_id}, budget, streaming=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ended(following: asyncio.Future[Message]) -> None:
    """Let a generator come to rest: nothing else may be done with it while it runs."""
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration, TouchpointError):
        await following
