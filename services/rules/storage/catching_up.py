"""Reads profile's logs from where they were left, for what the bus kept no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from services.rules.domain.changes import Change, Declined, Identified
from services.rules.storage.changes import write_changes
from shared.call import Call, own_call
from shared.catching_up import keep_caught_up
from shared.client import follow
from shared.postgres import Database, Queries
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamEventsRequest,
    StreamEventsResponse,
    StreamIdentitiesRequest,
    StreamIdentitiesResponse,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_SQL = Queries.beside(__file__)
_STREAM_TIMEOUT_S = 300.0
_SLICE = 500


class CatchingUp:
    """Brings declines and pseudonyms up to profile's logs, at the start and every minute.

    What the bus tells meanwhile is the same facts; both may come twice and in any order. So this
    mends whatever the bus lost, without anybody noticing that it did.
    """

    def __init__(self, database: Database, profile: ProfileServiceAsyncStub) -> None:
        self._database = database
        self._profile = profile

    async def run(self) -> None:
        """Catch up for ever while this replica leads; a background task of the service."""
        await keep_caught_up(self._database, "profile", self.catch_up)

    async def catch_up(self) -> None:
        """Read both logs to their ends; raises the kit's errors."""
        position = await self._position("declines")
        declines = StreamEventsRequest(position=position, types=["decline"])
        async for events in follow(
            self._profile.StreamEvents, declines, _call("StreamEvents"), _STREAM_TIMEOUT_S
        ):
            await self._write("declines", events.position, _declined(events))
        position = await self._position("identities")
        identities = StreamIdentitiesRequest(position=position)
        async for pseudonyms in follow(
            self._profile.StreamIdentities,
            identities,
            _call("StreamIdentities"),
            _STREAM_TIMEOUT_S,
        ):
            await self._write("identities", pseudonyms.position, _identified(pseudonyms))

    async def _position(self, log: str) -> int:
        return int(await self._database.fetchval(_SQL.log_position, log) or 0)

    async def _write(self, log: str, position: int, changes: list[Change]) -> None:
        """Write a slice in short transactions; its position with the last."""
        async for part in _parts(changes):
            async with self._database.transaction() as transaction:
                await write_changes(transaction, part)
        await self._database.execute(_SQL.move_log_position, log, position)


async def _parts(changes: list[Change]) -> AsyncIterator[list[Change]]:
    for start in range(0, len(changes), _SLICE):
        yield changes[start : start + _SLICE]
        await asyncio.sleep(0)


def _declined(response: StreamEventsResponse) -> list[Change]:
    events = response.events
    return [
        Declined(person_id, offer_no, family_no or offer_no, time_us)
        for person_id, offer_no, family_no, time_us in zip(
            events.person_ids, events.offer_nos, events.family_nos, events.times_us, strict=True
        )
        if offer_no
    ]


def _identified(response: StreamIdentitiesResponse) -> list[Change]:
    return [
        Identified(
            key.key, found.person_id, tuple(found.person_ids), found.version, found.ambiguous
        )
        for key, found in zip(response.identity_keys, response.sets, strict=True)
    ]


def _call(rpc: str) -> Call:
    return own_call(f"/touchpoint.profile.v1.ProfileService/{rpc}")
