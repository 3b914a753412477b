"""Reads profile's logs from where they were left: what was imported, and what the bus lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import compress, islice
from typing import TYPE_CHECKING

from services.rules.domain.changes import Change, Contacted, Declined, Identified
from services.rules.storage.changes import contacts_told, write_changes
from services.rules.storage.consumers import Complete, change_of
from shared.bus import Bus
from shared.bus.subjects import HISTORY_IMPORTED
from shared.call import Call, own_call
from shared.catching_up import keep_caught_up
from shared.client import follow
from shared.postgres import Database, Queries, Transaction
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.common.v1.vocabulary_pb2 import Origin
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamEventsRequest,
    StreamIdentitiesRequest,
    StreamIdentitiesResponse,
)

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_SQL = Queries.beside(__file__)
_STREAM_TIMEOUT_S = 300.0
_SLICE = 250
"""Events between two chances for requests: about 2 ms."""
_LOGS = {
    "imported": (Origin.HISTORY, ("decline", "contact_sent")),
    "live": (Origin.LIVE, ("decline", "contact_sent", "accept", "purchase")),
}
"""What is read of the event log, each from a position of its own: most of what is imported is
purchases, which redeem nothing."""


class CatchingUp:
    """Brings declines, mailings, redemptions and pseudonyms up to profile's logs.

    At the start and every minute, and when history was imported. What the bus tells meanwhile is
    the same facts; both may come twice and in any order. So this mends what the bus lost of these,
    without anybody noticing that it did. Impressions are not among them: where one is lost, what
    was reserved lapses.
    """

    def __init__(
        self,
        database: Database,
        profile: ProfileServiceAsyncStub,
        complete: Complete,
        imported_since_us: Callable[[], int],
    ) -> None:
        """`imported_since_us` says which imported messages are too old to count in any window."""
        self._soon = asyncio.Event()
        self._listens = False
        self._database = database
        self._profile = profile
        self._complete = complete
        self._imported_since_us = imported_since_us

    async def listen(self, bus: Bus) -> None:
        """Hear of imports from now on, however often it is asked for."""
        if not self._listens:
            await bus.on_notice(HISTORY_IMPORTED, lambda _: self._soon.set())
            self._listens = True

    async def run(self) -> None:
        """Catch up for ever while this replica leads; a background task of the service."""
        await keep_caught_up(self._database, "profile", self.catch_up, self._soon)

    async def catch_up(self) -> None:
        """Read all logs to their ends; raises the kit's errors."""
        for log, (origin, types) in _LOGS.items():
            position = await self._position(log)
            request = StreamEventsRequest(position=position, types=types, origins=[origin])
            async for told in follow(
                self._profile.StreamEvents, request, _call("StreamEvents"), _STREAM_TIMEOUT_S
            ):
                for notices in slices_of(told.events, self._imported_since_us()):
                    changes = map(change_of, notices)
                    known = [_told_again(change) for change in changes if change is not None]
                    await self._write(self._complete(known))
                await self._move(log, told.position)
        position = await self._position("identities")
        identities = StreamIdentitiesRequest(position=position)
        async for pseudonyms in follow(
            self._profile.StreamIdentities,
            identities,
            _call("StreamIdentities"),
            _STREAM_TIMEOUT_S,
        ):
            identified = _identified(pseudonyms)
            for start in range(0, len(identified), _SLICE):
                await self._write(identified[start : start + _SLICE])
            await self._move("identities", pseudonyms.position)

    async def _position(self, log: str) -> int:
        return int(await self._database.fetchval(_SQL.log_position, log) or 0)

    async def _write(self, changes: Sequence[Change]) -> None:
        """Write a part of a slice, and let requests have their turn."""
        if changes:
            async with self._database.transaction() as transaction:
                await write_changes(transaction, await _not_known(transaction, changes))
        await asyncio.sleep(0)

    async def _move(self, log: str, position: int) -> None:
        await self._database.execute(_SQL.move_log_position, log, position)


def slices_of(events: EventColumns, imported_since_us: int) -> Iterator[list[EventNotice]]:
    """Yield events of the log as the bus tells them, as far as rules reads them, some at a time.

    Left out are imported messages from before `imported_since_us`, of which there may be millions.
    """
    columns = [getattr(events, name)[:] for name in _READ.values()]
    columns.append(events.promotion_ids[:] or [""] * len(events.types))
    matter = [
        event_type != "contact_sent" or origin != Origin.HISTORY or time_us >= imported_since_us
        for event_type, origin, time_us in zip(
            events.types, events.origins, events.times_us, strict=True
        )
    ]
    told = compress(zip(*columns, strict=True), matter)
    names = (*_READ, "promotion_id")
    while part := list(islice(told, _SLICE)):
        yield [EventNotice(**dict(zip(names, event, strict=True))) for event in part]


_READ = {
    "person_id": "person_ids",
    "seq": "seqs",
    "event_id": "event_ids",
    "type": "types",
    "time_us": "times_us",
    "received_us": "received_us",
    "channel": "channels",
    "origin": "origins",
    "offer_no": "offer_nos",
    "family_no": "family_nos",
    "decision_id": "decision_ids",
    "session_id": "session_ids",
}
"""The field of a notice for each column."""


def _told_again(change: Change) -> Change:
    """Return a decline without its decision, which may have promised the same again since."""
    return replace(change, decision_id="") if isinstance(change, Declined) else change


async def _not_known(transaction: Transaction, changes: Sequence[Change]) -> Sequence[Change]:
    """Leave out the messages that the bus told of: nearly all that are not imported."""
    told = [
        change.contact_id
        for change in changes
        if isinstance(change, Contacted) and not change.is_imported
    ]
    if not told:
        return changes
    known = await contacts_told(transaction, told)
    return [
        change
        for change in changes
        if not (isinstance(change, Contacted) and change.contact_id in known)
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
