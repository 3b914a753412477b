"""Lets browsers of named origins call the HTTP face; without it they may not (CORS)."""

from __future__ import annotations

from collections.abc import Collection

from shared.call import REQUEST_ID
from shared.errors import PermissionDenied
from shared.transport.asgi import App, Event, Header, Receive, Scope, Send, header, refuse
from shared.transport.routes import request_id_of

_ALLOWED = (
    b"authorization, content-type, content-encoding, connect-protocol-version, connect-timeout-ms, "
    b"connect-content-encoding, grpc-timeout, x-grpc-web, x-user-agent, x-request-id, "
    b"x-touchpoint-caller, x-touchpoint-customer, traceparent"
)
_EXPOSED = (
    b"x-request-id, grpc-status, grpc-message, grpc-status-details-bin, date, "
    b"connect-content-encoding, grpc-encoding"
)
_ALL = "*"


def with_cors(app: App, allowed_origins: Collection[str], *, guarded: Collection[str] = ()) -> App:
    """Answer preflights and mark answers for these origins; `*` allows all.

    `guarded` paths are refused to pages of all other origins: a browser asks for no preflight
    before it posts there.
    """
    if not allowed_origins and not guarded:
        return app

    async def crossing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        origin = header(scope, "origin")
        if not origin or (origin not in allowed_origins and _ALL not in allowed_origins):
            if origin and scope["path"] in guarded and not _is_own(origin, scope):
                await _refuse(scope, send, origin)
                return
            await app(scope, receive, _marking(send, (_VARY,)) if allowed_origins else send)
            return
        marks = _marks(origin)
        if scope["method"] == "OPTIONS":
            await _preflight(send, marks)
            return
        await app(scope, receive, _marking(send, marks))

    return crossing


_VARY = (b"vary", b"Origin")


def _is_own(origin: str, scope: Scope) -> bool:
    """Say whether a page was served by the host that it calls."""
    return origin.partition("://")[2] == header(scope, "host")


async def _refuse(scope: Scope, send: Send, origin: str) -> None:
    told = PermissionDenied(f"pages of {origin[:200]} may not call", reason="ORIGIN")
    await refuse(send, told, request_id_of(header(scope, REQUEST_ID)))


def _marking(send: Send, marks: Collection[Header]) -> Send:
    async def marked(event: Event) -> None:
        if event["type"] == "http.response.start":
            event["headers"] = [*event.get("headers", ()), *marks]
        await send(event)

    return marked


def _marks(origin: str) -> list[Header]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED),
        _VARY,
    ]


async def _preflight(send: Send, marks: Collection[Header]) -> None:
    headers = [
        *marks,
        (b"access-control-allow-methods", b"POST, GET"),
        (b"access-control-allow-headers", _ALLOWED),
        (b"access-control-max-age", b"7200"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
