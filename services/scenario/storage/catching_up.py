"""Reads who is one with whom out of profile's log, for what the bus kept no longer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.scenario.domain.ports import PersonSet
from services.scenario.domain.taking import take_sets
from services.scenario.storage.transaction import PostgresJourneyTransaction
from shared.call import own_call
from shared.client import follow
from shared.clock import BusinessClock
from shared.errors import TouchpointError
from shared.logging import get_logger
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
_AGAIN_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_SLICE = 500
log = get_logger(__name__)


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
        await self._database.leadership.lead("catching_up", self._catch_up_for_ever)

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

    async def _catch_up_for_ever(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self.catch_up()
            except TouchpointError as error:
                log.info("profile_not_read", reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S
                await asyncio.sleep(_AGAIN_S)


def person_sets(response: StreamIdentitiesResponse) -> list[PersonSet]:
    """Return the sets that a slice of the log tells of."""
    return [
        PersonSet(each.person_id, tuple(each.person_ids), each.version) for each in response.sets
    ]
