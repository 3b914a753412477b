"""What time the suite has, and moving it on, as stories and traffic need it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc.aio

from touchpoint.common.v1.clock_service_pb2 import GetClockRequest, MoveClockRequest
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub

_TIMEOUT_S = 5.0


async def ahead(channel: grpc.aio.Channel) -> timedelta:
    """Return how far the suite's time is ahead of this machine's; raises AioRpcError."""
    clock = ClockServiceStub(channel)
    answer = await clock.GetClock(GetClockRequest(), timeout=_TIMEOUT_S)
    return answer.business_time.ToDatetime(tzinfo=UTC) - datetime.now(UTC)


async def move(channel: grpc.aio.Channel, by: timedelta) -> timedelta:
    """Move the suite's time on and return how far ahead it is now.

    Raises AioRpcError, FAILED_PRECONDITION outside development.
    """
    request = MoveClockRequest()
    request.by.FromTimedelta(by)
    answer = await ClockServiceStub(channel).MoveClock(request, timeout=_TIMEOUT_S)
    return answer.business_time.ToDatetime(tzinfo=UTC) - datetime.now(UTC)
