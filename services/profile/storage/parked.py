"""Parked events: noted where they lie in the log, and read from there to be tried again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from services.profile.domain.ports import Changes, Parked, Pending
from services.profile.storage import QUERIES
from services.profile.storage.rows import event_of, member_of
from shared.postgres import Database, Transaction

_PERSON = itemgetter(0)


def pending_events(locked: Sequence[Any], rows: Sequence[Any]) -> Sequence[Pending]:
    """Return locked persons with their rows of the log, which come person by person."""
    by_person = {person: list(mine) for person, mine in groupby(rows, _PERSON)}
    return [
        Pending(
            member_of(row),
            [event_of(event) for event in by_person.get(row[0], ())],
            [event[1] for event in by_person.get(row[0], ())],
        )
        for row in locked
    ]


async def park(transaction: Transaction, changes: Changes) -> None:
    """Note what could not be folded, and forget of what could."""
    if changes.unparked:
        await transaction.execute(QUERIES.unpark, changes.unparked)
    recorded = [each for each in changes.parked if not each.position]
    if recorded:
        columns = [(each.person_id, each.seq, each.reason) for each in recorded]
        await transaction.execute(
            QUERIES.park_recorded, *map(list, zip(*columns, strict=True)), changes.now_us
        )
    logged = [each for each in changes.parked if each.position]
    if logged:
        await transaction.execute(QUERIES.park_logged, *_logged_columns(logged), changes.now_us)


def _logged_columns(parked: Sequence[Parked]) -> Sequence[list[Any]]:
    columns = [(each.position, each.person_id, each.reason) for each in parked]
    return [list(column) for column in zip(*columns, strict=True)]


async def lock_parked(
    transaction: Transaction, position: int, max_events: int
) -> Sequence[Pending]:
    """Lock the persons of the next parked events; what another has folded meanwhile is left out."""
    await transaction.execute(QUERIES.allow_pauses)
    waiting: Sequence[Any] = await transaction.fetch(QUERIES.next_parked, position, max_events)
    if not waiting:
        return ()
    positions, persons = zip(*waiting, strict=True)
    locked: Sequence[Any] = await transaction.fetch(QUERIES.lock_persons, sorted(set(persons)))
    rows: Sequence[Any] = await transaction.fetch(QUERIES.parked_events, list(positions))
    return [each for each in pending_events(locked, rows) if each.events]


class ParkedEvents:
    """The list of what is parked, for people to look at."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, position: int, at_most: int) -> Sequence[Any]:
        """Return rows of `list_parked` after a position of the log."""
        rows: Sequence[Any] = await self._database.fetch(QUERIES.list_parked, position, at_most)
        return rows

    async def count(self) -> int:
        """Return how many events are parked."""
        found: int = await self._database.fetchval(QUERIES.count_parked)
        return found
