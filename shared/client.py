"""Outgoing calls: one long-lived channel per service, and native timeouts out of the budget."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import AsyncGenerator, Sequence
from typing import TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from shared.call import CALLER, REQUEST_ID, TRACE_PARENT, Call
from shared.errors import DeadlineExceeded, TouchpointError, Unavailable
from shared.setting_types import listen
from shared.transport.options import client_options
from shared.transport.status import STATUS_DETAILS, from_status

Request = TypeVar("Request")
Response = TypeVar("Response")


def service_name(service: str) -> str:
    """Return the full name of a service of ours: `rules` is `touchpoint.rules.v1.RulesService`."""
    return f"touchpoint.{service}.v1.{service.capitalize()}Service"


def connect(targets: Sequence[str], health_service: str) -> grpc.aio.Channel:
    """Open a channel over all replicas of a service, or over those a DNS name stands for.

    Calls go round robin to the replicas whose `health_service` says SERVING. Raises ValueError
    for several host names: gRPC resolves only one.
    """
    return grpc.aio.insecure_channel(_target(targets), options=client_options(health_service))


def _target(targets: Sequence[str]) -> str:
    addresses = [listen(target) for target in targets]
    hosts = ["127.0.0.1" if address.host == "localhost" else address.host for address in addresses]
    versions = {_ip_version(host) for host in hosts}
    pairs = list(zip(hosts, addresses, strict=True))
    if versions == {4}:
        return "ipv4:" + ",".join(f"{host}:{address.port}" for host, address in pairs)
    if versions == {6}:
        return "ipv6:" + ",".join(f"[{host}]:{address.port}" for host, address in pairs)
    if len(targets) != 1:
        raise ValueError(f"several targets must all be IPv4 or all IPv6: {', '.join(targets)}")
    return f"dns:///{targets[0]}"


def _ip_version(host: str) -> int:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return 0


async def invoke(
    rpc: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    call: Call,
    timeout_s: float,
) -> Response:
    """Call a peer on behalf of a call, for at most `timeout_s` and what is left of its budget.

    Raises TouchpointError, DeadlineExceeded without calling when nothing is left. If the
    awaiting task is cancelled the peer is not: a cancelled call leaks (grpc#43360), so it is
    left to its native timeout.
    """
    if call.budget is not None:
        timeout_s = min(timeout_s, call.budget.remaining_s())
    if timeout_s <= 0.0:
        raise DeadlineExceeded("no time is left to ask further", reason="DEADLINE_PASSED")
    began = time.monotonic()
    outgoing = rpc(request, timeout=timeout_s, metadata=_metadata(call))
    finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish(_: object) -> None:
        if not finished.done():
            finished.set_result(None)

    outgoing.add_done_callback(finish)
    await finished
    try:
        return await outgoing
    except grpc.aio.AioRpcError as error:
        waited_s = time.monotonic() - began
        raise _noted(from_rpc_error(error), request, call, waited_s) from None


def _noted(error: TouchpointError, request: object, call: Call, waited_s: float) -> TouchpointError:
    """Return a failure; that of a peer which did not answer is noted with the call."""
    if isinstance(error, DeadlineExceeded | Unavailable):
        # Messages are of a module per service, so that it names the peer.
        call.waits.add(type(request).__module__, waited_s)
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
    parent = call.metadata.get(TRACE_PARENT)
    traced = ((TRACE_PARENT, parent),) if parent else ()
    return ((REQUEST_ID, call.request_id), (CALLER, call.caller.name), *traced)
