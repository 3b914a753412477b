"""Reads who is one with whom out of profile's log, for what the bus kept no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.scenario.domain.ports import PersonSet
from services.scenario.domain.taking import take_sets
from services.scenario.storage.transaction import PostgresJourneyTransaction
from shared.call import own_call
from shared.catching_up import keep_caught_up
from shared.client import follow
from shared.clock import BusinessClock
from shared.postgres import Database, Queries
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamIdentitiesRequest,
    StreamIdentitiesResponse,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_SQL = Queries.beside(__file__, "journeys.sql")
_LOG = "identities"
_METHOD = "/touchpoint.profile.v1.ProfileService/StreamIdentities"
_STREAM_TIMEOUT_S = 300.0
_SLICE = 500


class CatchingUp:
    """Reads the log at the start and every minute; the bus tells the same facts sooner."""

    def __init__(
        self, database: Database, profile: ProfileServiceAsyncStub, clock: BusinessClock
    ) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock

    async def run(self) -> None:
        """Catch up for ever while this replica leads; a background task of the service."""
        await keep_caught_up(self._database, "profile", self.catch_up)

    async def catch_up(self) -> None:
        """Read the log to its end; raises the kit's errors."""
        position = int(await self._database.fetchval(_SQL.log_position, _LOG) or 0)
        request = StreamIdentitiesRequest(position=position)
        stream = follow(
            self._profile.StreamIdentities, request, own_call(_METHOD), _STREAM_TIMEOUT_S
        )
        async for response in stream:
            sets = person_sets(response)
            for start in range(0, len(sets), _SLICE):
                async with self._database.transaction() as transaction:
                    journeys = await PostgresJourneyTransaction.enter(transaction)
                    await take_sets(journeys, sets[start : start + _SLICE], self._clock.now_us())
            await self._database.execute(_SQL.move_log_position, _LOG, response.position)


def person_sets(response: StreamIdentitiesResponse) -> list[PersonSet]:
    """Return the sets that a slice of the log tells of."""
    return [
        PersonSet(each.person_id, tuple(each.person_ids), each.version) for each in response.sets
    ]
