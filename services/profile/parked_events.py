"""The rpcs about events that are in the log but could not be counted in a profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from services.profile.domain.ports import Parked, Transactions
from services.profile.domain.replaying import replay
from services.profile.storage.parked import ParkedEvents
from services.profile.timestamps import timestamp
from services.profile.watching import Watchers
from shared.call import Call
from shared.clock import BusinessClock
from shared.logging import get_logger
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_pb2 import ParkedEvent

_SHOWN = 100
_logger = get_logger(__name__)


def log_parked(parked: Iterable[Parked]) -> None:
    """Raise the alarm: something has to be mended before these events count."""
    for reason, events in Counter(each.reason for each in parked).items():
        _logger.error("events_parked", reason=reason, events=events)


class ParkedEventRpcs:
    """A part of the servicer."""

    def __init__(
        self, store: Transactions, parked: ParkedEvents, watchers: Watchers, clock: BusinessClock
    ) -> None:
        self.__store, self.__parked = store, parked
        self.__watchers, self.__clock = watchers, clock

    async def list_parked_events(
        self, call: Call, request: pb.ListParkedEventsRequest
    ) -> pb.ListParkedEventsResponse:
        rows = await self.__parked.after(request.position, request.limit or _SHOWN)
        return pb.ListParkedEventsResponse(
            events=map(_message, rows), total=await self.__parked.count()
        )

    async def replay_parked_events(
        self, call: Call, request: pb.ReplayParkedEventsRequest
    ) -> pb.ReplayParkedEventsResponse:
        done = await replay(self.__store, request.position, self.__clock.now_us())
        await self.__watchers.tell(done.touched)
        return pb.ReplayParkedEventsResponse(
            position=done.position, replayed=done.folded, still_parked=done.parked
        )


def _message(row: Any) -> ParkedEvent:
    """Return a row of `list_parked`."""
    return ParkedEvent(
        position=row["position"],
        person_id=row["person_id"],
        event_id=row["event_id"],
        caller=row["caller"],
        type=row["type"],
        time=timestamp(row["time_us"]),
        received_time=timestamp(row["received_us"]),
        origin=row["origin"],
        parked_time=timestamp(row["parked_us"]),
        tries=row["tries"],
        reason=row["reason"],
    )
