"""How far receivers outside of the house have been told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.profile.domain.webhooks import PARK_AFTER_US, Feed, Outcome, Place
from services.profile.storage.webhooks import QUERIES
from shared.postgres import Database

_BEHIND = {Feed.EVENTS: QUERIES.events_behind, Feed.MEMBERSHIPS: QUERIES.memberships_behind}


class PostgresPlaces:
    """See `Places`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, webhook: str, ends: Mapping[Feed, int]) -> Place:
        row = await self._database.fetchrow(QUERIES.open_place, webhook, *_positions(ends))
        return _place(row)

    async def read(self, webhook: str) -> Place | None:
        return _found(await self._database.fetchrow(QUERIES.read_place, webhook))

    async def behind(self, place: Place, feed: Feed) -> tuple[int, int | None]:
        """Return how many positions are left, and since when the oldest waits; None: none does."""
        row: Any = await self._database.fetchrow(_BEHIND[feed], place.position(feed))
        return max(row[0], 0), row[1]

    async def advance(
        self, place: Place, feed: Feed, position: int, outcome: Outcome
    ) -> Place | None:
        positions = {each: place.position(each) for each in Feed} | {feed: position}
        row = await self._database.fetchrow(
            QUERIES.advance,
            *_where(place),
            *_positions(positions),
            outcome.delivered,
            outcome.left_out,
        )
        return _found(row)

    async def fail(self, place: Place, outcome: Outcome) -> Place | None:
        failure = outcome.failure
        assert failure is not None
        row = await self._database.fetchrow(
            QUERIES.fail,
            *_where(place),
            failure.reason,
            PARK_AFTER_US,
            failure.for_good,
            outcome.delivered > 0,
        )
        return _found(row)

    async def go_on(self, webhook: str, wanted: Mapping[Feed, int]) -> Place | None:
        positions = [wanted.get(feed) for feed in Feed]
        return _found(await self._database.fetchrow(QUERIES.go_on, webhook, *positions))


def _positions(found: Mapping[Feed, int]) -> list[int]:
    """Return positions in the order of the statements."""
    return [found[feed] for feed in Feed]


def _where(place: Place) -> tuple[str, int, int, int]:
    return place.webhook, place.generation, place.events_position, place.memberships_position


def _found(row: Any) -> Place | None:
    return None if row is None else _place(row)


def _place(row: Any) -> Place:
    return Place(**{name: row[name] for name in Place.__slots__})
