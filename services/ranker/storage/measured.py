"""The logs that results are measured from: our journal, and what profile knows of people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from services.ranker.domain.measures.log import TYPES, Period
from shared.call import own_call
from shared.client import follow
from shared.postgres import Database, Queries
from touchpoint.profile.v1.audience_pb2 import MembershipColumns
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamEventsRequest,
    StreamMembershipsRequest,
)

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_SQL = Queries.beside(__file__, "measured.sql")
_PROFILE = "/touchpoint.profile.v1.ProfileService/"
_TIMEOUT_S = 1800.0
_AT_ONCE = 500
_SETS_AT_ONCE = 2_000
_FIRST_ID = "00000000-0000-0000-0000-000000000000"


class MeasuredLogs:
    """Reads a period of them, some at a time."""

    def __init__(self, database: Database, profile: ProfileServiceAsyncStub) -> None:
        self._database = database
        self._profile = profile

    async def first_decided_us(self, period: Period) -> int | None:
        """Return when the first decision of a period was made that the journal has."""
        found = await self._database.fetchval(_SQL.first_decided, period.since_us, period.until_us)
        return None if found is None else int(found)

    async def decisions(self, period: Period) -> AsyncIterator[Sequence[bytes]]:
        """Yield serialised DecisionNotices of a period."""
        after_us, after_id = period.since_us - 1, _FIRST_ID
        while rows := await self._database.fetch(
            _SQL.decided_between, after_us, after_id, period.until_us, _AT_ONCE
        ):
            yield [row["notice"] for row in rows if row["time_us"] >= period.since_us]
            after_us, after_id = rows[-1]["time_us"], str(rows[-1]["decision_id"])

    async def sets(self) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """Yield persons who are one with others, each with the oldest of the set."""
        after = _FIRST_ID
        while rows := await self._database.fetch(_SQL.joined_sets, after, _SETS_AT_ONCE):
            yield [(row["person_id"], row["oldest_id"]) for row in rows]
            after = rows[-1]["person_id"]

    async def events(self, period: Period) -> AsyncIterator[EventColumns]:
        """Yield events since the beginning of a period, later ones too; raises TouchpointError."""
        request = StreamEventsRequest(types=TYPES, measured=True)
        request.since_time.FromMicroseconds(period.since_us)
        call = own_call(_PROFILE + "StreamEvents")
        async for part in follow(self._profile.StreamEvents, request, call, _TIMEOUT_S):
            yield part.events

    async def memberships(self) -> AsyncIterator[MembershipColumns]:
        """Yield who is in which segment, or left one; raises TouchpointError."""
        request, call = StreamMembershipsRequest(), own_call(_PROFILE + "StreamMemberships")
        async for part in follow(self._profile.StreamMemberships, request, call, _TIMEOUT_S):
            yield part.memberships
