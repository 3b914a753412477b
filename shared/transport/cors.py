"""Lets browsers of named origins call the HTTP face; without it they may not (CORS)."""

from __future__ import annotations

from collections.abc import Collection, MutableMapping
from typing import Any

from shared.transport.http import App, Receive, Scope, Send

_ALLOWED = (
    b"content-type, connect-protocol-version, connect-timeout-ms, x-grpc-web, x-user-agent, "
    b"grpc-timeout, x-request-id, x-touchpoint-caller, traceparent"
)
_EXPOSED = b"x-request-id, grpc-status, grpc-message, grpc-status-details-bin"


def with_cors(app: App, allowed_origins: Collection[str]) -> App:
    """Answer preflights and mark answers for these origins; `*` allows all."""
    if not allowed_origins:
        return app

    async def crossing(scope: Scope, receive: Receive, send: Send) -> None:
        origin = dict(scope.get("headers", ())).get(b"origin", b"")
        if origin.decode("latin-1") not in allowed_origins and "*" not in allowed_origins:
            await app(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            await _preflight(send, origin)
            return

        async def marked(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_marks(origin)]
            await send(message)

        await app(scope, receive, marked)

    return crossing


def _marks(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]


async def _preflight(send: Send, origin: bytes) -> None:
    headers = [
        *_marks(origin),
        (b"access-control-allow-methods", b"POST, GET"),
        (b"access-control-allow-headers", _ALLOWED),
        (b"access-control-max-age", b"7200"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
