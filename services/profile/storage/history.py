"""Imported events: written set-wise, folded into the states of their persons at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.profile.domain.ports import Changes, Pending
from services.profile.storage import QUERIES
from services.profile.storage.keyring import Keyring
from services.profile.storage.notices import history_imported
from services.profile.storage.parked import pending_events
from services.profile.storage.rows import HISTORY_COLUMNS, event_row
from shared.bus import append
from shared.postgres import Database, Transaction


class History:
    """The part of a transaction that concerns imports."""

    def __init__(self, transaction: Transaction, keyring: Keyring) -> None:
        self._tx = transaction
        self._keyring = keyring

    async def write(self, changes: Changes, import_id: str) -> None:
        """Copy events into the log and note whose states lack them."""
        events = changes.events
        slice_id = await self._tx.fetchval(QUERIES.insert_slice, import_id, len(events))
        rows = ((*event_row(each, changes.now_us, self._keyring), slice_id) for each in events)
        await self._tx.copy_rows("events", HISTORY_COLUMNS, rows)
        counts = Counter(each.person_id for each in events)
        persons = sorted(counts)
        await self._tx.execute(
            QUERIES.insert_pending_folds,
            import_id,
            slice_id,
            persons,
            [counts[person] for person in persons],
        )

    async def pending(
        self, import_id: str, max_events: int, share: tuple[int, int]
    ) -> Sequence[Pending]:
        """Lock some persons of a share and take what their states lack; empty: nothing is left."""
        part, parts = share
        await self._tx.execute(QUERIES.allow_pauses)
        while True:
            waiting: Sequence[Any] = await self._tx.fetch(
                QUERIES.pending_folds, import_id, parts, part
            )
            if not waiting:
                return ()
            taken = await self._take(import_id, list(_up_to(max_events, waiting)))
            if taken:  # else all of them were erased meanwhile
                return taken

    async def _take(self, import_id: str, chosen: Sequence[tuple[str, int]]) -> Sequence[Pending]:
        persons = sorted({person_id for person_id, _ in chosen})
        locked: Sequence[Any] = await self._tx.fetch(QUERIES.lock_persons, persons)
        taken: Sequence[Any] = await self._tx.fetch(
            QUERIES.take_pending_folds, import_id, *map(list, zip(*chosen, strict=True))
        )
        rows: Sequence[Any] = ()
        if taken:
            columns = map(list, zip(*taken, strict=True))
            rows = await self._tx.fetch(QUERIES.imported_events, *columns)
        return pending_events(locked, rows)

    async def outdated(self, persons: int) -> Sequence[Pending]:
        """Lock some persons whose states are outdated, and read all that they add up."""
        await self._tx.execute(QUERIES.allow_pauses)
        locked: Sequence[Any] = await self._tx.fetch(QUERIES.outdated_profiles, persons)
        if not locked:
            return ()
        ids = [row[0] for row in locked]
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.folded_events, ids)
        return pending_events(locked, rows)

    async def mark_renewed(self, person_ids: Sequence[str]) -> None:
        await self._tx.execute(QUERIES.mark_renewed, person_ids)


def _up_to(max_events: int, waiting: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """Yield (person, slice) until there are enough events; at least one."""
    total = 0
    for person_id, slice_id, events in waiting:
        if total and total + events > max_events:
            return
        total += events
        yield person_id, slice_id


@dataclass(frozen=True, slots=True)
class ImportTotals:
    """What an import came to, over all of its ends."""

    persons: int
    events: int


class Imports:
    """The ends of imports."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def announce(self, import_id: str, persons: int, now_us: int) -> ImportTotals:
        """Note an end and tell the others once of what was folded; may be repeated."""
        async with self._database.transaction() as transaction:
            row: Any = await transaction.fetchrow(QUERIES.finish_import, import_id, now_us, persons)
            first_time, total, events, position = row
            if persons or first_time:
                await append(transaction, [history_imported(import_id, events, position)])
        return ImportTotals(total, events)
