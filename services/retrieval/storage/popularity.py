"""Counts what is bought and viewed: from the event log at the start, then from the bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from services.retrieval.domain.crowds import CONSENTS, COUNTED, Crowds
from services.retrieval.domain.popularity import HISTORY_DAYS, WEIGHTS, Popularity, SeenEvents
from shared.bus import EVENTS, Bus, Follower, GapError, Message
from shared.bus.subjects import HISTORY_IMPORTED
from shared.call import own_call
from shared.client import follow
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.common.v1.bus_pb2 import EventNotice, EventNotices
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import StreamEventsRequest

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

log = get_logger(__name__)

_METHOD = "/touchpoint.profile.v1.ProfileService/StreamEvents"
_TIMEOUT_S = 120.0
_DAY_US = 86_400_000_000
_TYPES = frozenset(WEIGHTS) | COUNTED
_AT_ONCE = 1000
"""Events that are counted one by one before requests have their turn."""
_OVERLAP_US = 60_000_000
"""Events received so shortly before the log was read may come over the bus as well."""


async def _nobody() -> AsyncIterator[Mapping[str, str]]:
    """Yield nothing: nobody's persona is known beforehand."""
    nobody: Mapping[str, str] = {}
    yield nobody


class PopularityFeed:
    """Holds the counts of this replica; `on_recount` is called when they were made anew."""

    def __init__(
        self,
        bus: Bus,
        profile: ProfileServiceAsyncStub,
        now_us: Callable[[], int],
        personas: Callable[[], AsyncIterator[Mapping[str, str]]] = _nobody,
    ) -> None:
        """Take where events come from; `personas` yields who is of which, some at a time."""
        self.popularity = Popularity(now_us())
        self.crowds = Crowds(now_us())
        self.on_recount: Callable[[], None] = lambda: None
        self._profile = profile
        self._personas = personas
        self._now_us = now_us
        self._seen = SeenEvents()
        self._forgotten: list[str] = []
        """Who was forgotten since the log was last begun to be read."""
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
        """Drop what is remembered of persons; counts have no names."""
        ids = list(person_ids)
        self._seen.forget(ids)
        self.crowds.forget(ids)
        self._forgotten += ids

    def met(self, person_ids: Iterable[str], persona: str) -> None:
        """Remember as whom somebody came, so that what they do counts for their kind.

        Where `persona` is empty it counts for none.
        """
        self.crowds.met(person_ids, persona)

    def apply(self, message: Message) -> None:
        """Count the events of a message of the bus; after an import the log is read anew."""
        if message.subject == HISTORY_IMPORTED:
            raise GapError("history was imported")
        for notice in EventNotices.FromString(message.data).notices:
            if notice.type in CONSENTS:
                self.met((notice.person_id,), "")  # until they come: their snapshot says what holds
            if notice.type in _TYPES and notice.received_us > self._counted_until_us:
                self._count(notice)

    def _count(self, notice: EventNotice) -> None:
        if self._seen.is_new(notice.person_id, notice.seq):
            self.popularity.note(notice.offer_no, notice.type, notice.time_us)
            self.crowds.note(
                notice.person_id,
                notice.type,
                notice.offer_no,
                notice.placement,
                notice.time_us,
                is_gift=notice.gift,
            )

    async def _ask_personas(self) -> None:
        """Learn who is of which persona; without an answer that shows as people come."""
        try:
            async for found in self._personas():
                for person_id, persona in found.items():
                    self.crowds.met((person_id,), persona)
        except TouchpointError as error:
            log.warning("personas_not_read", reason=error.reason)

    async def recount(self) -> None:
        """Read the log of the last months and count it in place of what was counted."""
        now_us = self._now_us()
        fresh, seen, newest_us = Popularity(now_us), SeenEvents(), 0
        crowds = Crowds(now_us, self.crowds.personas)
        self._forgotten = []
        await self._ask_personas()
        request = StreamEventsRequest(types=sorted(_TYPES))
        request.since_time.FromMicroseconds(now_us - HISTORY_DAYS * _DAY_US)
        call = own_call(_METHOD)
        async for response in follow(self._profile.StreamEvents, request, call, _TIMEOUT_S):
            columns = response.events
            _count(columns, fresh)
            await _count_by_crowd(columns, crowds)
            newest_us = max(newest_us, max(columns.received_us, default=0))
            _remember(columns, seen, newest_us - _OVERLAP_US)
        self.popularity, self.crowds, self._seen = fresh, crowds, seen
        seen.forget(self._forgotten)
        crowds.forget(self._forgotten)
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


async def _count_by_crowd(columns: EventColumns, crowds: Crowds) -> None:
    nos, times_us = list(columns.offer_nos), list(columns.times_us)
    person_ids, types = list(columns.person_ids), list(columns.types)
    placements = list(columns.placements) or [""] * len(nos)
    gifts = list(columns.gifts) or [False] * len(nos)
    rows = zip(person_ids, types, nos, placements, times_us, gifts, strict=True)
    for at, (*event, is_gift) in enumerate(rows, 1):
        crowds.note(*event, is_gift=is_gift)
        if at % _AT_ONCE == 0:
            await asyncio.sleep(0)


def _remember(columns: EventColumns, seen: SeenEvents, after_us: int) -> None:
    """Keep the numbers of events that the bus may bring once more."""
    received_us = np.array(columns.received_us, np.int64)
    for at in np.flatnonzero(received_us > after_us).tolist():
        seen.is_new(columns.person_ids[at], columns.seqs[at])
