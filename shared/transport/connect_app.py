"""Routes in the Connect library: Connect with JSON or proto, and gRPC-Web."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.request import RequestContext
from connectrpc.server import ConnectASGIApplication, Endpoint
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2  # noqa: F401 lets details print as JSON
from google.rpc.status_pb2 import Status
from protobuf.wkt import Any as WireAny
from protobuf.wkt import Struct

from shared.budget import Budget
from shared.call import REQUEST_ID, Call
from shared.errors import Internal, InvalidArgument, TooLarge, TouchpointError
from shared.logging import get_logger
from shared.transport.json_codec import JsonCodec, ProtoCodec
from shared.transport.routes import Route, Routes, StreamRoute, UnaryRoute, new_call
from shared.transport.status import from_status, to_status
from shared.transport.wire_error import CONNECT_NAMES

Context = RequestContext[Any, Any]

log = get_logger(__name__)

_CODES = {number: Code(name) for number, name in CONNECT_NAMES.items()}
_NUMBERS = {code: number for number, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a request before the library has looked at it."""

    request_id: str
    refusal: TouchpointError | None = None
    """What the library is to answer, in whichever protocol was spoken."""


ARRIVED: ContextVar[Arrival] = ContextVar("touchpoint_http_arrival")
"""The request being served; codecs and interceptors are told nothing of it."""


class ConnectApp(ConnectASGIApplication[Routes]):
    """The Connect application over all routes; unknown JSON fields are errors."""

    def __init__(self, routes: Routes, max_request_bytes: int) -> None:
        super().__init__(
            service=routes,
            endpoints=_endpoints,
            interceptors=[_Detailed()],
            read_max_bytes=max_request_bytes,
            codecs=[_Refusing(JsonCodec()), _Refusing(ProtoCodec())],
        )

    @property
    def path(self) -> str:
        """Return where the application is mounted."""
        return "/"


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
    metadata = {**context.request_headers, REQUEST_ID: ARRIVED.get().request_id}
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


class _Detailed:
    """Gives the library's own errors (too large, late, badly framed) the details of ours.

    It is asked before the request is read, and with the error before that is written.
    """

    async def on_start(self, context: Context) -> None:
        """Refuse what was found wrong before, in the protocol that is spoken."""
        refusal = ARRIVED.get().refusal
        if refusal is not None:
            raise connect_error(refusal, ARRIVED.get().request_id)

    async def on_end(self, token: None, context: Context, error: Exception | None) -> None:
        """Raise what is told instead of an error without details."""
        request_id = ARRIVED.get().request_id
        if error is None or (isinstance(error, ConnectError) and error.details):
            return
        raise connect_error(_translated(error, request_id), request_id) from None


def _translated(error: Exception, request_id: str) -> TouchpointError:
    """Return what an error of the library's own means; all but its defects are the caller's."""
    if not isinstance(error, ConnectError) or error.code is Code.UNKNOWN:
        log.error("http_failed_unexpectedly", request_id=request_id, exc_info=error)
        return Internal(f"internal error; quote request id {request_id}")
    if error.code is Code.RESOURCE_EXHAUSTED:
        return TooLarge(error.message)
    if error.code in (Code.INTERNAL, Code.INVALID_ARGUMENT):
        return InvalidArgument(message=error.message, reason="MALFORMED")
    return from_status(Status(code=_NUMBERS[error.code], message=error.message))


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
            raise connect_error(error, ARRIVED.get().request_id) from None
