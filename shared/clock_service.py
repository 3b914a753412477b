"""The clock's own service, bound beside the others in every process."""

from __future__ import annotations

from datetime import timedelta

from shared.binding import Binding, bind
from shared.call import Call
from shared.clock import BusinessClock
from touchpoint.common.v1 import clock_service_pb2 as clock_pb


class ClockServicer:
    """Tells and moves business time."""

    def __init__(self, clock: BusinessClock) -> None:
        self._clock = clock

    async def get_clock(
        self, call: Call, request: clock_pb.GetClockRequest
    ) -> clock_pb.GetClockResponse:
        response = clock_pb.GetClockResponse()
        response.business_time.FromDatetime(self._clock.now())
        response.offset.FromMicroseconds(self._clock.offset_us)
        return response

    async def move_clock(
        self, call: Call, request: clock_pb.MoveClockRequest
    ) -> clock_pb.MoveClockResponse:
        by = timedelta(microseconds=request.by.ToMicroseconds())
        response = clock_pb.MoveClockResponse()
        response.business_time.FromDatetime(await self._clock.move(by))
        response.offset.FromMicroseconds(self._clock.offset_us)
        return response


def clock_binding(clock: BusinessClock) -> Binding:
    """Bind the service to a clock."""
    return bind(clock_pb.DESCRIPTOR.services_by_name["ClockService"], ClockServicer(clock))
