"""Bound rpcs with their middleware around them, looked up by method path on every transport."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from shared.binding import Binding, StreamRpc
from shared.budget import Budget
from shared.call import REQUEST_ID, TRACE_PARENT, Call, Handler, StreamHandler
from shared.ids import new_id
from shared.middleware.chain import Layer, around, around_stream

_REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)
A_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""A `traceparent` (W3C Trace Context, 3.2)."""


@dataclass(frozen=True, slots=True)
class UnaryRoute:
    """A single-answer rpc, ready to be called."""

    method: str
    request_type: type[Message]
    response_type: type[Message]
    handle: Handler


@dataclass(frozen=True, slots=True)
class StreamRoute:
    """A server-streaming rpc, ready to be called."""

    method: str
    request_type: type[Message]
    response_type: type[Message]
    handle: StreamHandler


Route = UnaryRoute | StreamRoute
Routes = Mapping[str, Route]


def routes(bindings: Sequence[Binding], layers: Sequence[Layer]) -> Routes:
    """Return every rpc of the bindings by its method path."""
    found: dict[str, Route] = {}
    for rpc in (rpc for binding in bindings for rpc in binding.rpcs):
        types = (rpc.method, rpc.request_type, rpc.response_type)
        if isinstance(rpc, StreamRpc):
            found[rpc.method] = StreamRoute(*types, around_stream(layers, rpc.handler))
        else:
            found[rpc.method] = UnaryRoute(*types, around(layers, rpc.handler))
    return found


def request_id_of(given: str) -> str:
    """Return the caller's own request id, or a new one where it has none that is fit to log.

    Fit are up to 128 letters, digits and `._:/+=-`.
    """
    if _REQUEST_ID.fullmatch(given):
        return given
    return new_id()


def new_call(
    method: str, metadata: Mapping[str, str], budget: Budget | None, *, streaming: bool = False
) -> Call:
    """Return the call that a transport's request makes, with a request id in any case."""
    request_id = request_id_of(metadata.get(REQUEST_ID, ""))
    trace = A_TRACE.fullmatch(metadata[TRACE_PARENT]) if TRACE_PARENT in metadata else None
    return Call(
        method,
        request_id,
        budget,
        metadata,
        trace_id=trace.group(1) if trace else "",
        streaming=streaming,
    )
