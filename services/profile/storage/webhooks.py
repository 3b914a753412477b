"""How far webhooks are, what there is to tell, and who agreed to be told about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from services.profile.domain.webhooks import (
    PARK_AFTER_US,
    Change,
    Outcome,
    Place,
    Slice,
    Subject,
)
from services.profile.storage.keyring import Keyring
from services.profile.storage.sharing import who_shares
from services.profile.storage.streams import Streams
from services.profile.storage.transaction import VALUE
from shared.clock import BusinessClock
from shared.postgres import Database, Queries

_QUERIES = Queries.beside(__file__, "webhooks.sql")
AT_ONCE = 64
"""Changes of one slice: what a crash repeats at most, and 5 ms of reading who agrees."""
_WINDOW = 20_000
_MOST_IDENTITIES = 16
"""Of each person of a set."""
_CONNECTIONS = 2
"""Of the pool, for all webhooks together: decisions come first."""

Told = Callable[[Any], dict[str, Any]]
"""Makes the fields of a message of a row of `changes`."""


class EventChanges:
    """The event log as there is to tell of it; see `Log`."""

    def __init__(self, database: Database, streams: Streams, told: Told) -> None:
        self._database = database
        self._streams = streams
        self._told = told
        self._horizon = 0
        """Nothing will appear any more up to here."""

    async def end(self) -> int:
        return await self._streams.events_horizon()

    async def after(self, position: int, types: Sequence[str]) -> Slice:
        if position >= self._horizon:
            self._horizon = await self._streams.events_horizon()
        horizon = self._horizon
        if position >= horizon:
            return Slice(position)
        end = min(position + _WINDOW, horizon)
        rows: Sequence[Any] = await self._database.fetch(
            _QUERIES.changes, position, end, types, AT_ONCE
        )
        after = rows[-1]["position"] if len(rows) == AT_ONCE else end
        return Slice(after, [self._change(row) for row in rows], after >= horizon)

    def _change(self, row: Any) -> Change:
        return Change(
            row["position"],
            row["person_id"],
            f"event.{row['type']}",
            row["time_us"],
            self._told(row),
        )


class SharingSubjects:
    """Asks the database each time: a word taken back counts for the very next message."""

    def __init__(self, database: Database, keyring: Keyring, clock: BusinessClock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._turns = asyncio.Semaphore(_CONNECTIONS)

    async def agreeing(self, person_ids: Sequence[str]) -> frozenset[str]:
        async with self._turns:
            return await who_shares(self._database, person_ids, self._clock.now_us())

    async def subject(self, person_id: str, kinds: Sequence[str]) -> Subject | None:
        async with self._turns:
            rows: Sequence[Any] = await self._database.fetch(
                _QUERIES.subject, person_id, kinds, _MOST_IDENTITIES
            )
            found = self._subject(rows)
            # Asked last, so that nothing passes between a word and the message it forbids.
            agreed = await who_shares(self._database, [person_id], self._clock.now_us())
        return found if person_id in agreed else None

    def _subject(self, rows: Sequence[Any]) -> Subject:
        identities = []
        for person_id, wrapped, kind, sealed in rows:
            if kind is not None:
                self._keyring.open(person_id, wrapped)
                identities.append((kind, self._keyring.decrypt(person_id, sealed, VALUE)))
        known = [(kind, value) for kind, value in identities if value]
        return Subject(tuple(dict.fromkeys(row[0] for row in rows)), tuple(known))


class PostgresPlaces:
    """See `Places`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, webhook: str, events_position: int) -> Place:
        row = await self._database.fetchrow(_QUERIES.open_place, webhook, events_position)
        return _place(row)

    async def read(self, webhook: str) -> Place | None:
        return _found(await self._database.fetchrow(_QUERIES.read_place, webhook))

    async def read_all(self, webhooks: Sequence[str]) -> Sequence[tuple[Place, int, int | None]]:
        """Return places with how many positions they are behind and since when."""
        rows: Sequence[Any] = await self._database.fetch(_QUERIES.read_places, webhooks)
        return [(_place(row), row["behind"], row["waiting_us"]) for row in rows]

    async def advance(self, place: Place, events_position: int, outcome: Outcome) -> Place | None:
        row = await self._database.fetchrow(
            _QUERIES.advance,
            *_where(place),
            events_position,
            outcome.delivered,
            outcome.left_out,
        )
        return _found(row)

    async def fail(self, place: Place, outcome: Outcome) -> Place | None:
        failure = outcome.failure
        assert failure is not None
        row = await self._database.fetchrow(
            _QUERIES.fail,
            *_where(place),
            failure.reason,
            PARK_AFTER_US,
            failure.for_good,
            outcome.delivered > 0,
        )
        return _found(row)

    async def go_on(self, webhook: str, events_position: int | None) -> Place | None:
        return _found(await self._database.fetchrow(_QUERIES.go_on, webhook, events_position))


def details_of(row: Any) -> dict[str, str]:
    """Return the behavioural attributes of a row of `changes`."""
    found: dict[str, str] = json.loads(row["details"] or "{}")
    return found


def _where(place: Place) -> tuple[str, int, int]:
    return place.webhook, place.generation, place.events_position


def _found(row: Any) -> Place | None:
    return None if row is None else _place(row)


def _place(row: Any) -> Place:
    return Place(**{name: row[name] for name in Place.__slots__})
