"""gRPC-Web as text: the same frames in base64, for clients that can read nothing else in parts."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode

from shared.transport.asgi import (
    Event,
    Receive,
    Scope,
    Send,
    body_of,
    header,
    replayed,
    with_headers,
)

_TEXT = "application/grpc-web-text"
_ANSWERED = b"application/grpc-web-text+proto"
_PADDED = re.compile(rb"[^=]+={0,2}")


def is_text(scope: Scope) -> bool:
    """Say whether a request is in base64."""
    return header(scope, "content-type").startswith(_TEXT)


async def as_binary(
    scope: Scope, receive: Receive, send: Send, at_most: int
) -> tuple[Scope, Receive, Send]:
    """Return the request in binary, and a `send` that puts answers into base64, each part padded.

    What is no base64 becomes a body that is no frame, and one of more bytes than are taken a
    frame that says so: both are then refused in the protocol that was spoken. Raises
    DisconnectedError.
    """
    body = await body_of(receive, _encoded_size(at_most))
    frames = _oversized(at_most) if body is None else _decoded(body)
    binary = with_headers(scope, [(b"content-type", b"application/grpc-web+proto")])
    return binary, replayed(frames, receive), _texting(send)


def _encoded_size(size: int) -> int:
    return (size + 5) * 4 // 3 + 8


def _oversized(at_most: int) -> bytes:
    return b"\0" + (at_most + 1).to_bytes(4, "big")


def _decoded(body: bytes) -> bytes:
    """Decode what may be several padded parts one behind the other."""
    try:
        parts = _PADDED.findall(body)
        if b"".join(parts) != body:
            return b"\xff"
        return b"".join(b64decode(part, validate=True) for part in parts)
    except binascii.Error:
        return b"\xff"


def _texting(send: Send) -> Send:
    async def texted(event: Event) -> None:
        if event["type"] == "http.response.start":
            kept = [(key, value) for key, value in event["headers"] if key != b"content-type"]
            event["headers"] = [*kept, (b"content-type", _ANSWERED)]
        elif event["type"] == "http.response.body":
            event = {**event, "body": b64encode(event.get("body", b""))}
        await send(event)

    return texted
