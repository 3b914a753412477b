"""Outgoing calls: one long-lived channel per service, and native timeouts out of the budget."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from shared.call import CALLER, PRIORITY, REQUEST_ID, TRACE_PARENT, Call
from shared.errors import DeadlineExceeded, Overloaded, TouchpointError, Unavailable
from shared.overload.priority import Priority
from shared.replicas import Extras, ReplicaChannel, ReplicatedRpc
from shared.replicas.addresses import Address, Addresses
from shared.replicas.ended import ended
from shared.tls import ClientTls
from shared.transport.options import client_options
from shared.transport.routes import A_TRACE
from shared.transport.status import STATUS_DETAILS, from_status
from touchpoint.client.bearing import BearingChannel

Request = TypeVar("Request")
Response = TypeVar("Response")

_OF_PRIORITY = {priority: ((PRIORITY, priority.value),) for priority in Priority}


def service_name(service: str) -> str:
    """Return the full name of a service of ours: `rules` is `touchpoint.rules.v1.RulesService`."""
    return f"touchpoint.{service}.v1.{service.capitalize()}Service"


def connect(
    targets: Sequence[str],
    health_service: str,
    extras: Extras | None = None,
    *,
    tls: ClientTls | None = None,
    bearer: str = "",
) -> ReplicaChannel:
    """Open a channel over all replicas of a service: those listed, all that DNS names stand for.

    Calls go round robin to the replicas whose `health_service` says SERVING and that answer.
    `extras` says how many calls may be made beside late ones and after failed ones. By TLS where
    `tls` is given: what its files hold anew is called by from then on, and connections made by what
    they held before end with their calls. `bearer` is shown with every call.
    """
    options = client_options(health_service)

    def dial(address: Address) -> grpc.aio.Channel:
        named = (*options, ("grpc.default_authority", address.authority))
        if tls is None:
            channel = grpc.aio.insecure_channel(address.target, options=named)
        else:
            # Connections of its own, or it would go on by those of the certificate before.
            named = (*named, ("grpc.use_local_subchannel_pool", 1))
            channel = grpc.aio.secure_channel(address.target, tls.credentials(), options=named)
        return BearingChannel(channel, bearer) if bearer else channel

    has_changed = tls.has_changed if tls is not None else None
    return ReplicaChannel(Addresses(targets), dial, extras, has_changed)


async def invoke(
    rpc: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    call: Call,
    timeout_s: float,
) -> Response:
    """Call a peer on behalf of a call, for at most `timeout_s` and what is left of its budget.

    Where there are several replicas, an rpc that may be asked twice is asked of a second one when
    the first is late or cannot be reached (docs/call-plane.md). Raises TouchpointError,
    DeadlineExceeded without calling when nothing is left. If the awaiting task is cancelled the
    peer is not: a cancelled call leaks (grpc#43360), so it is left to its native timeout.
    """
    if call.budget is not None:
        timeout_s = min(timeout_s, call.budget.remaining_s())
    if timeout_s <= 0.0:
        raise DeadlineExceeded("no time is left to ask further", reason="DEADLINE_PASSED")
    began = time.monotonic()
    if isinstance(rpc, ReplicatedRpc):
        outgoing = await rpc.ask(request, timeout_s, _metadata(call))
    else:
        outgoing = rpc(request, timeout=timeout_s, metadata=_metadata(call))
        await ended(outgoing)
    try:
        response: Response = await outgoing
        return response
    except grpc.aio.AioRpcError as error:
        waited_s = time.monotonic() - began
        raise _noted(from_rpc_error(error), request, call, waited_s) from None


def _noted(error: TouchpointError, request: object, call: Call, waited_s: float) -> TouchpointError:
    """Return a failure; that of a peer which did not answer, or refused, is noted with the call."""
    if isinstance(error, DeadlineExceeded | Unavailable):
        # Messages are of a module per service, so that it names the peer.
        call.waits.add(type(request).__module__, waited_s)
    elif isinstance(error, Overloaded):
        call.waits.was_refused = True
    return error


async def follow(
    rpc: grpc.aio.UnaryStreamMultiCallable[Request, Response],
    request: Request,
    call: Call,
    timeout_s: float | None = None,
) -> AsyncGenerator[Response, None]:
    """Read a peer's stream to its end, or as long as it is iterated; raises TouchpointError.

    It ends with the budget of the call, if there is one, or after `timeout_s` where that is sooner.
    """
    if call.budget is not None:
        left_s = call.budget.remaining_s()
        timeout_s = left_s if timeout_s is None else min(timeout_s, left_s)
        if timeout_s <= 0.0:
            raise DeadlineExceeded("no time is left to ask further", reason="DEADLINE_PASSED")
    outgoing = rpc(request, timeout=timeout_s, metadata=_metadata(call))
    try:
        async for response in outgoing:
            yield response
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    finally:
        outgoing.cancel()


def from_rpc_error(error: grpc.aio.AioRpcError) -> TouchpointError:
    """Return the domain error of a peer's answer; the network's own failures have no details."""
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS and isinstance(value, bytes):
            try:
                return from_status(Status.FromString(value))
            except DecodeError:
                break
    return from_status(Status(code=error.code().value[0], message=error.details() or ""))


def _metadata(call: Call) -> tuple[tuple[str, str], ...]:
    parent = call.metadata.get(TRACE_PARENT, "")
    # Only one that is one: a call that what is no ASCII was sent with does not end, not even late.
    traced = ((TRACE_PARENT, parent),) if parent and A_TRACE.fullmatch(parent) else ()
    # An agent's is what calls have that tell none.
    ranked = () if call.priority is Priority.AGENT else _OF_PRIORITY[call.priority]
    return ((REQUEST_ID, call.request_id), (CALLER, call.caller.name), *ranked, *traced)
