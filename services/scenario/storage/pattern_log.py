"""Reads of profile what patterns are looked for in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.gathering import Gathering, KnownGathering, Slice
from services.scenario.domain.patterns.log import PURCHASE, VISITING, Wholes
from services.scenario.domain.patterns.rising import AGAIN_NEW_US
from shared.call import own_call
from shared.client import follow
from shared.errors import FailedPrecondition
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamEventsRequest,
    StreamIdentitiesRequest,
    StreamMembershipsRequest,
    StreamPeopleRequest,
    StreamRefusalsRequest,
)

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

MOST_EVENTS = 3_000_000
"""More are refused: their columns would take about a gigabyte."""
_PROFILE = "/touchpoint.profile.v1.ProfileService/"
_TIMEOUT_S = 1800.0
_AT_ONCE = 1000
"""Of one slice, which takes a millisecond or two: requests come between."""
_PROFILING = "profiling"
_CHANNELS = {number: name for name, number in Channel.Value.items()}
AtHome = Callable[[Wholes, Wholes], Wholes]
"""Converts what was paid for offers into the home currency."""
PricesOf = Callable[[Wholes], Wholes]
"""Says what offers cost in the home currency; 0: not known."""


@dataclass(frozen=True, slots=True)
class PatternLogs:
    """Reads for one search; all raise TouchpointError where profile does not answer."""

    profile: ProfileServiceAsyncStub
    at_home: AtHome
    prices_of: PricesOf

    async def oldest(self) -> dict[str, str]:
        """Return the oldest of each set by its other persons: together they are one."""
        oldest: dict[str, str] = {}
        request, call = StreamIdentitiesRequest(), own_call(_PROFILE + "StreamIdentities")
        async for response in follow(self.profile.StreamIdentities, request, call, _TIMEOUT_S):
            for each in response.sets:
                if len(each.person_ids) > 1 and not each.ambiguous:
                    oldest.update(dict.fromkeys(each.person_ids[1:], each.person_ids[0]))
            await asyncio.sleep(0)
        return oldest

    async def refusing(self) -> set[str]:
        """Return who is not to be learned from."""
        refusing: set[str] = set()
        request = StreamRefusalsRequest(purpose=_PROFILING)
        call = own_call(_PROFILE + "StreamRefusals")
        async for response in follow(self.profile.StreamRefusals, request, call, _TIMEOUT_S):
            refusing.update(response.person_ids)
        return refusing

    async def read(
        self, gathering: Gathering, since_us: int, refusing: set[str]
    ) -> AsyncIterator[int]:
        """Read what was done since a time, and who bought before; yields how much so far.

        Raises FailedPrecondition where it is too much.
        """
        read = 0
        async for columns in self._events([PURCHASE], since_us - AGAIN_NEW_US):
            before = np.flatnonzero(np.array(columns.times_us, np.int64) < since_us).tolist()
            ids, times_us = list(columns.person_ids), list(columns.times_us)
            named = [place for place in before if ids[place] not in refusing]
            gathering.bought([ids[each] for each in named], [times_us[each] for each in named])
            read += len(before)
            yield read
        async for columns in self._events(VISITING, since_us):
            for told in self._slices(columns, refusing):
                gathering.take(told)
                await asyncio.sleep(0)
            if gathering.events > MOST_EVENTS:
                raise FailedPrecondition(
                    f"more than {MOST_EVENTS:,} events: ask for a shorter time (--history)",
                    reason="TOO_MANY_EVENTS",
                )
            yield read + gathering.events

    async def read_known(self, known: KnownGathering) -> None:
        """Read what is known of those who did something."""
        request, call = StreamMembershipsRequest(), own_call(_PROFILE + "StreamMemberships")
        async for told in follow(self.profile.StreamMemberships, request, call, _TIMEOUT_S):
            rows = told.memberships
            for person_id, segment, is_in, changed_us in zip(
                rows.person_ids, rows.segments, rows.is_members, rows.changed_us, strict=True
            ):
                known.member(person_id, segment, is_in=is_in, changed_us=changed_us)
            await asyncio.sleep(0)
        asked, own = StreamPeopleRequest(), own_call(_PROFILE + "StreamPeople")
        async for response in follow(self.profile.StreamPeople, asked, own, _TIMEOUT_S):
            people = response.people
            ids = list(people.person_ids)
            known.ages(ids, list(people.ages))
            for attribute in people.attributes:
                known.attribute(attribute.name, list(attribute.words), ids, list(attribute.places))
                await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def _events(self, types: Sequence[str], since_us: int) -> AsyncIterator[EventColumns]:
        request = StreamEventsRequest(types=types)
        request.since_time.FromMicroseconds(max(since_us, 0))
        call = own_call(_PROFILE + "StreamEvents")
        async for response in follow(self.profile.StreamEvents, request, call, _TIMEOUT_S):
            yield response.events

    def _slices(self, columns: EventColumns, refusing: set[str]) -> list[Slice]:
        """Return parts of a slice of the log, each taken in a millisecond or two."""
        count = len(columns.types)
        offers = _filled(columns.offer_nos, count)
        persons = ["" if each in refusing else each for each in columns.person_ids]
        categories = list(columns.categories) or [""] * count
        for place in [at for at, is_gift in enumerate(columns.gifts) if is_gift]:
            categories[place] = ""
        whole = Slice(
            persons,
            list(columns.types),
            _filled(columns.times_us, count),
            categories,
            _filled(columns.topics, count).astype(np.uint8),
            [_CHANNELS.get(each, "") if each else "" for each in columns.channels] or [""] * count,
            offers,
            np.array(columns.quantities) if len(columns.quantities) == count else np.ones(count),
            self.at_home(_filled(columns.value_micros, count), offers),
            list(columns.placements) or [""] * count,
            self.prices_of(offers),
        )
        return [whole.part(begin, begin + _AT_ONCE) for begin in range(0, count, _AT_ONCE)]


def _filled(column: Sequence[int], count: int) -> NDArray[np.int64]:
    return np.array(column, np.int64) if len(column) == count else np.zeros(count, np.int64)
