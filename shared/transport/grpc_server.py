"""Serves routes on a grpc.aio server through generic handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from shared.budget import Budget
from shared.call import REQUEST_ID, Call
from shared.errors import Aborted, InvalidArgument, TouchpointError, Unavailable
from shared.logging import get_logger
from shared.transport.peer_accounts import MESSAGE_BYTES, Messages
from shared.transport.routes import Route, Routes, StreamRoute, UnaryRoute, new_call
from shared.transport.status import STATUS_DETAILS, in_trailers, to_status

log = get_logger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

STALLED_S = 60.0
"""For which a peer may read nothing of a stream: what is behind it is then let go. Longer than any
of our own services takes over what it loads."""
_GRPC_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class GrpcRoutes(grpc.GenericRpcHandler):
    """The method table of a server; until it is filled, every rpc is told to come back.

    The server can so be reached, and its health asked, while its service still waits for its
    dependencies.
    """

    def __init__(self, stalled_s: float = STALLED_S, messages: Messages | None = None) -> None:
        self._stalled_s = stalled_s
        self._messages = messages
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] | None = None
        self._others: list[grpc.GenericRpcHandler] = []

    def fill(self, routes: Routes) -> None:
        """Serve these routes from now on."""
        self._handlers = {method: self._method_handler(route) for method, route in routes.items()}

    def reflect(self, services: Sequence[str]) -> None:
        """Let callers such as grpcurl ask for the descriptors of these services."""
        servicer = reflection.aio.ReflectionServicer((*services, reflection.SERVICE_NAME))
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, self)

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        """Serve what generated code adds; a server takes nothing more once it has started."""
        self._others.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Take note of nothing: generated code adds the same handlers as generic ones."""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the handler of a method, or None for one that is not ours."""
        if self._handlers is None:
            return _STARTING
        handler = self._handlers.get(handler_call_details.method)
        if handler is None:
            found = (other.service(handler_call_details) for other in self._others)
            handler = next(filter(None, found), None)
        return handler

    def _method_handler(self, route: Route) -> grpc.RpcMethodHandler[Any, Any]:
        # Bytes in and out: a request that cannot be decoded is the caller's fault and must not
        # become grpc's UNKNOWN with the exception's text.
        if isinstance(route, StreamRoute):
            served = _stream(route, self._stalled_s, self._messages)
            return grpc.unary_stream_rpc_method_handler(served)
        return grpc.unary_unary_rpc_method_handler(_unary(route, self._messages))


def _unary(
    route: UnaryRoute, messages: Messages | None
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    method, handle, decode = route.method, route.handle, route.request_type.FromString

    async def serve(data: bytes, context: Context) -> bytes:
        call = _call(method, context, streaming=False)
        if messages is not None:
            messages[context.peer()] += _size(data, call)
        try:
            response = await handle(call, _decoded(decode, data, call))
        except TouchpointError as error:
            await _abort(context, call, error)
        _tell_new_id(context, call)
        return response.SerializeToString()

    return serve


def _stream(
    route: StreamRoute, stalled_s: float, messages: Messages | None
) -> Callable[[bytes, Context], Awaitable[None]]:
    method, handle, decode = route.method, route.handle, route.request_type.FromString

    async def serve(data: bytes, context: Context) -> None:
        call = _call(method, context, streaming=True)
        if messages is not None:
            messages[context.peer()] += _size(data, call)
        try:
            async with aclosing(handle(call, _decoded(decode, data, call))) as responses:
                async for response in responses:
                    await _written(context, response.SerializeToString(), stalled_s)
                    if messages is not None:
                        messages[context.peer()] += MESSAGE_BYTES
        except TouchpointError as error:
            await _abort(context, call, error)
        _tell_new_id(context, call)

    return serve


async def _written(context: Context, message: bytes, stalled_s: float) -> None:
    """Write a message; raises Aborted where nothing was read for so long."""
    try:
        async with asyncio.timeout(stalled_s):
            await context.write(message)
    except TimeoutError:
        raise Aborted(f"nothing was read for {stalled_s:g} s", reason="NOT_READ") from None


def _size(data: bytes, call: Call) -> int:
    """Return what a message may have taken on the wire with what belongs to it, in bytes."""
    return MESSAGE_BYTES + len(data) + sum(map(len, call.metadata.values()))


def _tell_new_id(context: Context, call: Call) -> None:
    """Return the request id to a caller that gave none; an echo would cost each hop 20 µs."""
    if call.metadata.get(REQUEST_ID) != call.request_id:
        context.set_trailing_metadata(((REQUEST_ID, call.request_id),))


def _call(method: str, context: Context, *, streaming: bool) -> Call:
    metadata = {
        key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)
    }
    remaining_s = context.time_remaining()
    budget = None if remaining_s is None else Budget.of(remaining_s)
    return new_call(method, metadata, budget, streaming=streaming)


def _decoded(decode: Callable[[bytes], Message], data: bytes, call: Call) -> Message:
    try:
        return decode(data)
    except DecodeError:
        log.info("request_undecodable", method=call.method, request_id=call.request_id)
        raise InvalidArgument(
            message="the request is not a valid protobuf message", reason="UNDECODABLE"
        ) from None


async def _abort(context: Context, call: Call, error: TouchpointError) -> NoReturn:
    status = in_trailers(to_status(error, call.request_id))
    await context.abort(
        _GRPC_CODES[status.code],
        status.message,
        ((REQUEST_ID, call.request_id), (STATUS_DETAILS, status.SerializeToString())),
    )


async def _refuse_while_starting(data: bytes, context: Context) -> bytes:
    del data
    call = _call("/", context, streaming=False)
    await _abort(context, call, Unavailable("the service is starting", reason="STARTING"))


_STARTING: grpc.RpcMethodHandler[Any, Any] = grpc.unary_unary_rpc_method_handler(
    _refuse_while_starting
)
