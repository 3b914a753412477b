"""Reads what everybody did, who is one with whom, and who is in a seed, out of profile's logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.audience.deed_log import DeedLog, Slice
from services.retrieval.domain.audience.deeds import TYPES
from services.retrieval.domain.audience.lookalikes import refuse_small_seed
from services.retrieval.storage.people import read_oldest
from shared.call import own_call
from shared.client import follow
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    PreviewSegmentRequest,
    StreamEventsRequest,
    StreamMembershipsRequest,
    StreamRefusalsRequest,
)

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_PROFILE = "/touchpoint.profile.v1.ProfileService/"
_TIMEOUT_S = 600.0
_AT_ONCE = 1000
_PROFILING = "profiling"
"""The purpose of learning from somebody."""
AtHome = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]
"""Converts what was paid for offers into the home currency."""


def _as_it_is(values: NDArray[np.int64], offer_nos: NDArray[np.int64]) -> NDArray[np.int64]:
    return values


@dataclass(frozen=True, slots=True)
class Seed:
    """Whose look-alikes: all whom any of these means."""

    segment: str = ""
    """Its members."""
    event_type: str = ""
    """Who did it; empty: nobody is meant by what they did."""
    offer_no: int = 0
    """… with this offer or item; 0: with any."""
    person_ids: Sequence[str] = ()


@dataclass(slots=True)
class DeedReader:
    """Reads for one audience."""

    profile: ProfileServiceAsyncStub
    seed: Seed
    tell: Callable[[str, int], None]
    """Hears what is being read, and of the events so far."""
    at_home: AtHome = _as_it_is
    _members: set[str] = field(default_factory=set)
    _refusing: set[str] = field(default_factory=set)
    _read: int = 0

    async def read(self, since_us: int) -> tuple[DeedLog, NDArray[np.int64]]:
        """Return what was done since then (0: ever), and where the seed stands among the doers.

        Raises TouchpointError where profile does not answer or knows no such segment, TooFewError
        where the seed is too small, before the log is read.
        """
        self.tell("reading who is in the seed", 0)
        self._members.update(self.seed.person_ids)
        await self._read_members()
        await self._read_doers(since_us)
        await self._read_refusals()
        self.tell("reading who is one with whom", 0)
        oldest = await read_oldest(self.profile)
        # Sets as large as everybody take a while: requests go on meanwhile.
        refuse_small_seed(await asyncio.to_thread(_people, self._members, oldest))
        log = DeedLog(oldest)
        # What chooses the seed is no trait; with an offer only some of the events of the type do.
        chosen = {self.seed.event_type} if not self.seed.offer_no else set[str]()
        async for columns in self._events(sorted({*TYPES} - chosen), since_us):
            await self._take(columns, log)
            self.tell("reading the event log", self._read)
        return log, await asyncio.to_thread(log.places, self._members)

    async def _events(self, types: Sequence[str], since_us: int) -> AsyncIterator[EventColumns]:
        request = StreamEventsRequest(types=types)
        if since_us:
            request.since_time.FromMicroseconds(since_us)
        call = own_call(_PROFILE + "StreamEvents")
        async for response in follow(self.profile.StreamEvents, request, call, _TIMEOUT_S):
            yield response.events

    async def _read_members(self) -> None:
        if not self.seed.segment:
            return
        await self._demand_segment()
        request = StreamMembershipsRequest(segments=[self.seed.segment])
        call = own_call(_PROFILE + "StreamMemberships")
        async for response in follow(self.profile.StreamMemberships, request, call, _TIMEOUT_S):
            columns = response.memberships
            for person_id, is_in in zip(columns.person_ids, columns.is_members, strict=True):
                (self._members.add if is_in else self._members.discard)(person_id)

    async def _read_refusals(self) -> None:
        """Note who refuses to be learned from: nobody is like them, and they are like nobody."""
        request = StreamRefusalsRequest(purpose=_PROFILING)
        call = own_call(_PROFILE + "StreamRefusals")
        async for response in follow(self.profile.StreamRefusals, request, call, _TIMEOUT_S):
            self._refusing.update(response.person_ids)
        self._members -= self._refusing

    async def _demand_segment(self) -> None:
        """Raise NotFound where no such segment is defined: what was never one has no members.

        A preview is refused before it looks at anybody, and left as soon as it was not.
        """
        request = PreviewSegmentRequest(segment=self.seed.segment)
        call = own_call(_PROFILE + "PreviewSegment")
        preview = follow(self.profile.PreviewSegment, request, call, _TIMEOUT_S)
        async with aclosing(preview):
            await anext(preview, None)

    async def _read_doers(self, since_us: int) -> None:
        """Note who did what the seed is chosen by."""
        if not self.seed.event_type:
            return
        async for columns in self._events([self.seed.event_type], since_us):
            offers = _filled(columns.offer_nos, len(columns.types)).tolist()
            self._members.update(
                person_id
                for person_id, offer_no in zip(columns.person_ids, offers, strict=True)
                if person_id and self.seed.offer_no in (0, offer_no)
            )

    async def _take(self, columns: EventColumns, log: DeedLog) -> None:
        """Take a slice over in parts of a millisecond or two, requests having their turn between.

        Reading texts one by one out of a message costs more than making lists of them.
        """
        count = len(columns.types)
        person_ids, types = self._not_refusing(columns.person_ids), list(columns.types)
        times_us = np.array(columns.times_us, np.int64)
        offers = _filled(columns.offer_nos, count)
        values = self.at_home(_filled(columns.value_micros, count), offers)
        orders = list(columns.order_ids) or [""] * count
        categories = list(columns.categories) or [""] * count
        for place in [at for at, is_gift in enumerate(columns.gifts) if is_gift]:
            categories[place] = ""
        for begin in range(0, count, _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            counted = self._without_what_chose(types[part], offers[part])
            log.add(
                Slice(
                    person_ids[part],
                    counted,
                    times_us[part],
                    orders[part],
                    values[part],
                    categories[part],
                )
            )
            await asyncio.sleep(0)
        self._read += count

    def _not_refusing(self, person_ids: Iterable[str]) -> list[str]:
        """Return whose events they are; nobody's, where they refuse."""
        refusing = self._refusing
        return ["" if refusing and each in refusing else each for each in person_ids]

    def _without_what_chose(self, types: list[str], offer_nos: NDArray[np.int64]) -> list[str]:
        """Take out what the seed is chosen by: nobody else did it."""
        if not self.seed.offer_no:
            return types
        chosen = (offer_nos == self.seed.offer_no).tolist()
        return [
            "" if is_chosen and name == self.seed.event_type else name
            for name, is_chosen in zip(types, chosen, strict=True)
        ]


def _people(person_ids: Iterable[str], oldest: Mapping[str, str]) -> int:
    return len({oldest.get(each, each) for each in person_ids})


def _filled(column: Sequence[int], count: int) -> NDArray[np.int64]:
    return np.array(column, np.int64) if len(column) == count else np.zeros(count, np.int64)
