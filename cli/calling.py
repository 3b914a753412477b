"""Opens what a command talks to, and tells its refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import grpc

from cli.channels import blocking, credentials, key_to_show
from cli.console import failures_told
from cli.reach import EDGE, home_of, reach, targets_setting
from shared.call import CALLER as CALLER_KEY
from shared.transport.options import ANSWER_LIMIT
from touchpoint.client import Touchpoint, call_error
from touchpoint.common.v1.clock_service_pb2 import GetClockRequest
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub

CALLER = "cli"
_METADATA = ((CALLER_KEY, CALLER),)
CALL_TIMEOUT_S = 30.0
_OPTIONS = (("grpc.max_receive_message_length", ANSWER_LIMIT),)

Response = TypeVar("Response")


@contextmanager
def edge(home: Path | None, told: str) -> Iterator[Touchpoint]:
    """Lend the edge; ends the command with a sentence when it refuses or does not answer."""
    address, place = reach(home, told).edge, home_of(home)
    with failures_told(address):
        key, tls = key_to_show(place, address), credentials()
        with Touchpoint(address, caller=CALLER, key=key, credentials=tls) as touchpoint:
            yield touchpoint


@contextmanager
def service(name: str, home: Path | None, told: str = "") -> Iterator[grpc.Channel]:
    """Lend a channel to a service; ends the command as `edge` does. Ask through `call`.

    `told` is the edge's address, where the service is the edge itself.
    """
    address = reach(home, told).to(name)
    with (
        failures_told(address, "" if name == EDGE else targets_setting(name)),
        blocking(home_of(home), address, _OPTIONS) as channel,
    ):
        yield channel


def call(
    rpc: Callable[..., Response], request: Any, timeout_s: float | None = CALL_TIMEOUT_S
) -> Response:
    """Call a service, None leaving the deadline to it; raises CallError."""
    try:
        return rpc(request, timeout=timeout_s, metadata=_METADATA)
    except grpc.RpcError as error:
        raise call_error(error) from None


def call_each(
    rpc: Callable[..., Iterator[Response]], request: Any, timeout_s: float | None
) -> Iterator[Response]:
    """Read a service's stream to its end; raises CallError."""
    try:
        yield from rpc(request, timeout=timeout_s, metadata=_METADATA)
    except grpc.RpcError as error:
        raise call_error(error) from None


def business_time(channel: grpc.Channel) -> datetime:
    """Ask what time the suite has; it differs from this machine's once the clock was moved."""
    answer = call(ClockServiceStub(channel).GetClock, GetClockRequest())
    return answer.business_time.ToDatetime(tzinfo=UTC)
