"""Counts what is bought and viewed: from the event log at the start, then from the bus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from services.retrieval.domain.popularity import HISTORY_DAYS, WEIGHTS, Popularity, SeenEvents
from shared.bus import EVENTS, Bus, Follower, GapError, Message
from shared.bus.subjects import HISTORY_IMPORTED
from shared.call import own_call
from shared.client import follow
from touchpoint.common.v1.bus_pb2 import EventNotice, EventNotices
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsRequest

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_METHOD = "/touchpoint.profile.v1.ProfileService/StreamEvents"
_TIMEOUT_S = 120.0
_DAY_US = 86_400_000_000
_OVERLAP_US = 60_000_000
"""Events received so shortly before the log was read may come over the bus as well."""


class PopularityFeed:
    """Holds the counts of this replica; `on_recount` is called when they were made anew."""

    def __init__(
        self, bus: Bus, profile: ProfileServiceAsyncStub, now_us: Callable[[], int]
    ) -> None:
        self.popularity = Popularity(now_us())
        self.on_recount: Callable[[], None] = lambda: None
        self._profile = profile
        self._now_us = now_us
        self._seen = SeenEvents()
        self._counted_until_us = 0
        """Events received until then were in the log when it was read."""
        self._follower = Follower(
            bus,
            EVENTS,
            name="retrieval_popularity",
            apply=self.apply,
            catch_up=self.recount,
        )

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._follower.run()

    async def check_lag(self) -> None:
        """Raise `Unavailable` until the log was read and while it lags: for health to watch."""
        await self._follower.check_lag()

    def forget(self, person_ids: Iterable[str]) -> None:
        """Drop the event numbers remembered of persons; counts have no names."""
        self._seen.forget(person_ids)

    def apply(self, message: Message) -> None:
        """Count the events of a message of the bus; after an import the log is read anew."""
        if message.subject == HISTORY_IMPORTED:
            raise GapError("history was imported")
        for notice in EventNotices.FromString(message.data).notices:
            if notice.type in WEIGHTS and notice.received_us > self._counted_until_us:
                self._count(notice)

    def _count(self, notice: EventNotice) -> None:
        if self._seen.is_new(notice.person_id, notice.seq):
            self.popularity.note(notice.offer_no, notice.type, notice.time_us)

    async def recount(self) -> None:
        """Read the log of the last months and count it in place of what was counted."""
        now_us = self._now_us()
        fresh, seen, newest_us = Popularity(now_us), SeenEvents(), 0
        request = StreamEventsRequest(types=list(WEIGHTS))
        request.since_time.FromMicroseconds(now_us - HISTORY_DAYS * _DAY_US)
        call = own_call(_METHOD)
        async for response in follow(self._profile.StreamEvents, request, call, _TIMEOUT_S):
            columns = response.events
            _count(columns, fresh)
            newest_us = max(newest_us, max(columns.received_us, default=0))
            _remember(columns, seen, newest_us - _OVERLAP_US)
        self.popularity, self._seen = fresh, seen
        self._counted_until_us = newest_us - _OVERLAP_US
        self.on_recount()


def _count(columns: EventColumns, popularity: Popularity) -> None:
    types = np.array(columns.types, object)
    weights = np.zeros(len(types))
    for event_type, weight in WEIGHTS.items():
        weights[types == event_type] = weight
    popularity.add(
        np.array(columns.offer_nos, np.uint32),
        np.array(columns.times_us, np.int64),
        weights,
        types == "purchase",
    )


def _remember(columns: EventColumns, seen: SeenEvents, after_us: int) -> None:
    """Keep the numbers of events that the bus may bring once more."""
    received_us = np.array(columns.received_us, np.int64)
    for at in np.flatnonzero(received_us > after_us).tolist():
        seen.is_new(columns.person_ids[at], columns.seqs[at])
