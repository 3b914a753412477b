"""Everything that is served over HTTP, sorted out by path and by what the request speaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.call import REQUEST_ID
from shared.errors import InvalidArgument
from shared.service import Page
from shared.transport.addressed import beaconed, clicked, with_credentials
from shared.transport.asgi import (
    JSON,
    App,
    DisconnectedError,
    Receive,
    Scope,
    Send,
    header,
    naming,
    refuse,
    respond,
    sized,
)
from shared.transport.connect_app import ARRIVED, Arrival, ConnectApp
from shared.transport.early_headers import EarlyHeaders, uncompressed
from shared.transport.event_stream import EventStreams, asks_for_events
from shared.transport.grpc_web_text import as_binary, is_text
from shared.transport.misdirected import legible, misdirected
from shared.transport.routes import Routes, StreamRoute, request_id_of
from shared.transport.timeouts import timeout_of, with_timeout

Readiness = Callable[[], tuple[bool, Mapping[str, str]]]
"""Says whether requests are welcome, and of each dependency `ok` or what is wrong with it."""

_ONLY_OUR_OWN = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
"""A page runs no script and asks no address but those of this host, and no form leaves it by
itself: what people typed would stand in an address where the script did not run."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The paths beside those of the rpcs."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    clicks: Mapping[str, str] = field(default_factory=dict)
    """Paths that stand for rpcs: their fields are in the address, their body is nothing."""
    beacons: Mapping[str, str] = field(default_factory=dict)
    """Paths that stand for rpcs: their body is JSON, whatever its content type says."""


NO_DOORS = Doors()


def http_app(
    routes: Routes, readiness: Readiness, max_request_bytes: int, doors: Doors = NO_DOORS
) -> App:
    """Return the ASGI application: routes, pages, `/healthz` (alive) and `/readyz` (useful)."""
    rpcs = _Rpcs(routes, max_request_bytes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if path == "/healthz":
            await _tell(send, 200, {"status": "ok"})
        elif path == "/readyz":
            is_ready, states = readiness()
            await _tell(send, 200 if is_ready else 503, states)
        elif path in doors.pages and method in ("GET", "HEAD"):
            await _show(send, doors.pages[path], with_body=method == "GET")
        else:
            if method == "POST" and path in doors.clicks:
                rpc = doors.clicks[path]
                scope, receive = clicked(scope, rpc, routes[rpc].request_type, receive)
            elif method == "POST" and path in doors.beacons:
                scope = beaconed(scope, doors.beacons[path])
            await rpcs.serve(scope, receive, send)

    return app


class _Rpcs:
    """The rpcs, in whichever protocol a request speaks."""

    def __init__(self, routes: Routes, max_request_bytes: int) -> None:
        self._routes = routes
        self._max_request_bytes = max_request_bytes
        self._connect = ConnectApp(routes, max_request_bytes)
        self._events = EventStreams(max_request_bytes)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = request_id_of(header(scope, REQUEST_ID))
        send, scope = naming(request_id, send), legible(scope)
        route = self._routes.get(scope["path"])
        streams_events = isinstance(route, StreamRoute) and asks_for_events(scope)
        wrong = None if streams_events else misdirected(scope, route)
        if wrong is not None:
            await refuse(send, wrong.error, request_id, wrong.status, wrong.headers)
        elif isinstance(route, StreamRoute) and streams_events:
            asked = with_credentials(scope)
            await self._events.serve(route, request_id, asked, receive, send)
        else:
            streams = isinstance(route, StreamRoute)
            await self._call(request_id, scope, receive, send, streams=streams)

    async def _call(
        self, request_id: str, scope: Scope, receive: Receive, send: Send, *, streams: bool
    ) -> None:
        refusal = timeout_s = None
        try:
            timeout_s = timeout_of(scope)
        except InvalidArgument as error:
            refusal = error
        ARRIVED.set(Arrival(request_id, refusal))
        is_grpc = header(scope, "content-type").startswith("application/grpc-web")
        scope = with_timeout(scope, timeout_s, grpc=is_grpc)
        send = send if streams else sized(send)
        if is_text(scope):
            try:
                read = await as_binary(scope, receive, send, self._max_request_bytes)
            except DisconnectedError:
                return
            scope, receive, send = read
        if not streams:
            await self._connect(scope, receive, send)
            return
        early = EarlyHeaders(scope, send)
        try:
            await self._connect(uncompressed(scope), receive, early)
        finally:
            early.stop()


async def _tell(send: Send, status: int, states: Mapping[str, str]) -> None:
    await respond(send, status, json.dumps(states).encode(), [(b"content-type", JSON)])


async def _show(send: Send, page: Page, *, with_body: bool) -> None:
    headers = [
        (b"content-type", page.content_type.encode()),
        (b"content-length", str(len(page.body)).encode()),
        *_ONLY_OUR_OWN,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page.body if with_body else b""})
