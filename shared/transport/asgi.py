"""The shapes of ASGI, and what is common to all that answers over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from shared.call import REQUEST_ID
from shared.errors import TouchpointError
from shared.transport.wire_error import as_json, http_status

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = b"application/json"


def header(scope: Scope, name: str) -> str:
    """Return the first header of a name in lower case; empty without one."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def with_headers(scope: Scope, changed: Iterable[Header], without: Iterable[bytes] = ()) -> Scope:
    """Return the same request with headers replaced or left out."""
    changed = list(changed)
    gone = {*without, *(key for key, _ in changed)}
    kept = [(key, value) for key, value in scope["headers"] if key not in gone]
    return {**scope, "headers": [*kept, *changed]}


async def respond(send: Send, status: int, body: bytes, headers: Iterable[Header]) -> None:
    """Answer with a whole body."""
    sized = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})


async def refuse(
    send: Send,
    error: TouchpointError,
    request_id: str,
    status: int = 0,
    headers: Iterable[Header] = (),
) -> None:
    """Answer with an error as Connect's JSON; without a status with that of its code."""
    told = [(b"content-type", JSON), *headers]
    await respond(send, status or http_status(error), as_json(error, request_id), told)


def naming(request_id: str, send: Send) -> Send:
    """Return a `send` that tells the caller the id of its request."""

    async def named(event: Event) -> None:
        if event["type"] == "http.response.start":
            identified = (REQUEST_ID.encode(), request_id.encode())
            event["headers"] = [*event["headers"], identified]
        await send(event)

    return named


def sized(send: Send) -> Send:
    """Return a `send` that says how long an answer is which comes in one piece.

    Else it comes in chunks, which callers of HTTP/1.0 cannot read.
    """
    begun: Event | None = None

    async def told(event: Event) -> None:
        nonlocal begun
        if event["type"] == "http.response.start":
            begun = event
            return
        if begun is not None:
            start, begun = begun, None
            if not event.get("more_body", False):
                length = str(len(event.get("body", b""))).encode()
                kept = [each for each in start["headers"] if each[0] != b"content-length"]
                start["headers"] = [*kept, (b"content-length", length)]
            await send(start)
        await send(event)

    return told


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` whose request has this body, whatever became of its own."""
    is_told = False

    async def tell() -> Event:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return tell


class DisconnectedError(Exception):
    """The caller left before its request had come whole."""


async def body_of(receive: Receive, at_most: int) -> bytes | None:
    """Return the body of a request, or None for one of more bytes; raises DisconnectedError."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise DisconnectedError
        body += event.get("body", b"")
        if len(body) > at_most:
            return None
        if not event.get("more_body", False):
            return bytes(body)
