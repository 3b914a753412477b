"""What there is to tell receivers outside of the house, and who agreed to be told about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from services.profile.domain.webhooks import Change, Slice, Subject
from services.profile.storage.keyring import Keyring
from services.profile.storage.person_rows import VALUE
from services.profile.storage.sharing import do_share, who_shares
from services.profile.storage.streams import Streams
from shared.clock import BusinessClock
from shared.logging import get_logger
from shared.postgres import Database, Queries
from shared.privacy import UndecipherableError

_logger = get_logger(__name__)

QUERIES = Queries.beside(__file__, "webhooks.sql")
AT_ONCE = 64
"""Changes of one slice: what a crash repeats at most, and 5 ms of reading who agrees."""
MEMBERSHIP_CURSOR = "m"
"""Before the number of a cursor that is none of the event log."""
_WINDOW = 20_000
_MOST_IDENTITIES = 16
"""Of each person of a set."""
_CONNECTIONS = 2
"""Of the pool, for all webhooks together: decisions come first."""

Told = Callable[[Any], dict[str, Any]]
"""Makes the fields of a message of a row."""


class Changes:
    """A log, read up to its horizon within windows of positions; see `Log`."""

    def __init__(
        self,
        database: Database,
        query: str,
        end: Callable[[], Awaitable[int]],
        change: Callable[[Any], Change],
    ) -> None:
        self._database = database
        self._query = query
        self._end = end
        self._change = change
        self._horizon = 0
        """Nothing will appear any more up to here."""

    async def end(self) -> int:
        return await self._end()

    async def after(self, position: int, wanted: Sequence[str]) -> Slice:
        if position >= self._horizon:
            self._horizon = await self._end()
        horizon = self._horizon
        if position >= horizon:
            return Slice(position)
        end = min(position + _WINDOW, horizon)
        rows: Sequence[Any] = await self._database.fetch(
            self._query, position, end, wanted, AT_ONCE
        )
        after = rows[-1]["position"] if len(rows) == AT_ONCE else end
        return Slice(after, [self._change(row) for row in rows], after >= horizon)


def event_changes(database: Database, streams: Streams, told: Told) -> Changes:
    """Return what happened, as it is told."""

    def change(row: Any) -> Change:
        cursor, kind = str(row["position"]), f"event.{row['type']}"
        return Change(cursor, row["person_id"], kind, row["time_us"], told(row))

    return Changes(database, QUERIES.changes, streams.events_end, change)


def membership_changes(database: Database, streams: Streams) -> Changes:
    """Return who entered and left segments."""
    return Changes(
        database, QUERIES.membership_changes, streams.memberships_end, _membership_change
    )


def _membership_change(row: Any) -> Change:
    position, person_id, segment, is_member, changed_us = row
    kind = "segment.entered" if is_member else "segment.left"
    cursor = f"{MEMBERSHIP_CURSOR}{position}"
    return Change(cursor, person_id, kind, changed_us, {"segment": segment})


class SharingSubjects:
    """Asks the database each time: a word taken back counts for the very next message."""

    def __init__(self, database: Database, keyring: Keyring, clock: BusinessClock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def agreeing(self, person_ids: Sequence[str]) -> frozenset[str]:
        if not person_ids:
            return frozenset()
        async with self._turns:
            return await who_shares(self._database, person_ids, self._clock.now_us())

    async def subject(self, person_id: str, kinds: Sequence[str]) -> Subject | None:
        async with self._turns:
            rows: Sequence[Any] = await self._database.fetch(
                QUERIES.subject, person_id, kinds, _MOST_IDENTITIES
            )
        if not do_share((row["state"] for row in rows), self._clock.now_us()):
            return None
        identities = [named for row in rows for named in self._identities(row)]
        return Subject(tuple(row["person_id"] for row in rows), tuple(identities))

    def _identities(self, row: Any) -> list[tuple[str, str]]:
        """Return kind and value of identities, the newest first; none whose key cannot be had."""
        if row["kinds"] is None:
            return []
        person_id = row["person_id"]
        try:
            self._keyring.open(person_id, row["key_wrapped"])
        except UndecipherableError:
            _logger.error("key_lost", person_id=person_id)
            return []
        values = (self._keyring.decrypt(person_id, each, VALUE) for each in row["sealed"])
        return [(kind, value) for kind, value in zip(row["kinds"], values) if value]
