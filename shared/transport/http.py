"""Serves routes over HTTP: Connect with JSON or proto, gRPC-Web, and the two health paths."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # noqa: F401 lets details print as JSON
from google.rpc.code_pb2 import Code as RpcCode
from protobuf.wkt import Any as WireAny
from protobuf.wkt import Struct

from shared.budget import Budget
from shared.call import REQUEST_ID, Call
from shared.errors import TouchpointError
from shared.service import Page
from shared.transport.json_codec import JsonCodec, ProtoCodec
from shared.transport.routes import Route, Routes, StreamRoute, UnaryRoute, new_call, request_id_of
from shared.transport.status import to_status

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Context = RequestContext[Any, Any]

_ARRIVED: ContextVar[str] = ContextVar("touchpoint_http_request_id", default="")
"""The id of the request being decoded, which no codec is told."""

Readiness = Callable[[], tuple[bool, Mapping[str, str]]]
"""Says whether requests are welcome, and of each dependency `ok` or what is wrong with it."""

NO_PAGES: Mapping[str, Page] = MappingProxyType({})
NO_CLICKS: Mapping[str, str] = MappingProxyType({})
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
_CODES = {
    number: Code.CANCELED if name == "CANCELLED" else Code(name.lower())
    for name, number in RpcCode.items()
    if name != "OK"
}


class ConnectApp(ConnectASGIApplication[Routes]):
    """The Connect application over all routes; unknown JSON fields are errors."""

    def __init__(self, routes: Routes, max_request_bytes: int) -> None:
        super().__init__(
            service=routes,
            endpoints=_endpoints,
            read_max_bytes=max_request_bytes,
            codecs=[_Refusing(JsonCodec()), _Refusing(ProtoCodec())],
        )

    @property
    def path(self) -> str:
        """Return where the application is mounted."""
        return "/"


def http_app(
    routes: Routes,
    readiness: Readiness,
    max_request_bytes: int,
    pages: Mapping[str, Page] = NO_PAGES,
    clicks: Mapping[str, str] = NO_CLICKS,
) -> App:
    """Return the ASGI application: routes, pages, `/healthz` (alive) and `/readyz` (useful).

    `clicks` are paths that stand for rpcs: their fields are in the address, their body is nothing.
    """
    connect = ConnectApp(routes, max_request_bytes)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz":
            await _respond(send, 200, {"status": "ok"})
        elif scope["path"] == "/readyz":
            is_ready, states = readiness()
            await _respond(send, 200 if is_ready else 503, states)
        elif scope["path"] in pages and scope["method"] in ("GET", "HEAD"):
            await _show(send, pages[scope["path"]], with_body=scope["method"] == "GET")
        else:
            if scope["method"] == "POST" and scope["path"] in clicks:
                rpc = clicks[scope["path"]]
                scope, receive = _clicked(scope, rpc, routes[rpc].request_type, receive)
            request_id = request_id_of(_header(scope, REQUEST_ID))
            _ARRIVED.set(request_id)
            await connect(scope, receive, _naming(request_id, send))

    return app


def _clicked(
    scope: Scope, rpc: str, request_type: type[Message], receive: Receive
) -> tuple[Scope, Receive]:
    """Return the call that a click is: what its address says as JSON, whatever its body says.

    What the rpc does not know is left out: who carries links adds to them (`utm_source=…`).
    """
    told = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    known = {field.json_name for field in request_type.DESCRIPTOR.fields}
    body = json.dumps({name: value for name, value in told.items() if name in known}).encode()
    kept = [(key, value) for key, value in scope["headers"] if not key.startswith(b"content-")]
    headers = [*kept, (b"content-type", b"application/json")]
    is_told = False

    async def tell() -> MutableMapping[str, Any]:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    called = {**scope, "path": rpc, "raw_path": rpc.encode(), "query_string": b""}
    return {**called, "headers": headers}, tell


def _header(scope: Scope, name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


def _naming(request_id: str, send: Send) -> Send:
    async def named(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            identified = (REQUEST_ID.encode(), request_id.encode())
            message["headers"] = [*message["headers"], identified]
        await send(message)

    return named


async def _respond(send: Send, status: int, body: Mapping[str, str]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _show(send: Send, page: Page, *, with_body: bool) -> None:
    headers = [
        (b"content-type", page.content_type.encode()),
        (b"content-length", str(len(page.body)).encode()),
        *_ONLY_OUR_OWN,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": page.body if with_body else b""})


def _endpoints(routes: Routes) -> dict[str, Any]:
    return {method: _endpoint(route) for method, route in routes.items()}


def _endpoint(route: Route) -> Any:
    service, _, name = route.method[1:].rpartition("/")
    streams = isinstance(route, StreamRoute)
    method = MethodInfo(
        name=name,
        service_name=service,
        input=route.request_type,
        output=route.response_type,
        idempotency_level=IdempotencyLevel.UNKNOWN,
        stream_type=StreamType.SERVER_STREAM if streams else StreamType.UNARY,
    )
    if isinstance(route, StreamRoute):
        return Endpoint.server_stream(method, _stream(route))
    return Endpoint.unary(method, _unary(route))


def _unary(route: UnaryRoute) -> Callable[[Message, Context], Awaitable[Message]]:
    async def serve(request: Message, context: Context) -> Message:
        call = _call(route.method, context, streaming=False)
        try:
            return await route.handle(call, request)
        except TouchpointError as error:
            raise connect_error(error, call.request_id) from None

    return serve


def _stream(route: StreamRoute) -> Callable[[Message, Context], AsyncIterator[Message]]:
    async def serve(request: Message, context: Context) -> AsyncIterator[Message]:
        call = _call(route.method, context, streaming=True)
        try:
            async for response in route.handle(call, request):
                yield response
        except TouchpointError as error:
            raise connect_error(error, call.request_id) from None

    return serve


def _call(method: str, context: Context, *, streaming: bool) -> Call:
    remaining_ms = context.timeout_ms
    budget = None if remaining_ms is None else Budget.of(remaining_ms / 1e3)
    metadata = {**context.request_headers, REQUEST_ID: _ARRIVED.get()}
    return new_call(method, metadata, budget, streaming=streaming)


def connect_error(error: TouchpointError, request_id: str) -> ConnectError:
    """Return what Connect sends for an error, with the same details as over gRPC."""
    status = to_status(error, request_id)
    details = [_ReadableDetail(detail) for detail in status.details]
    return ConnectError(_CODES[status.code], status.message, details)


class _ReadableDetail(ErrorDetail):
    """A detail that also shows itself as JSON (`debug`), for people with curl."""

    def __init__(self, detail: Any) -> None:
        super().__init__(WireAny(type_url=detail.type_url, value=detail.value))
        self._shown = json_format.MessageToDict(detail)

    def value(self, *_: Any) -> Any:
        """Return the detail's JSON as a message that the wire format can print."""
        return Struct.from_json(json.dumps(self._shown))


class _Refusing:
    """A codec whose refusals carry our details."""

    def __init__(self, codec: JsonCodec | ProtoCodec) -> None:
        self._codec = codec
        self.name = codec.name
        self.encode = codec.encode

    def decode(self, data: bytes | bytearray, message_class: type[Message]) -> Message:
        """Decode, or raise the Connect form of what is wrong."""
        try:
            return self._codec.decode(data, message_class)
        except TouchpointError as error:
            raise connect_error(error, _ARRIVED.get()) from None
