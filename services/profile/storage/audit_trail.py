"""The audit trail in PostgreSQL: written with what it tells of, or before a record is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from services.profile.domain.audit import Entry, Head, Note, Sealer, Verification
from services.profile.storage import QUERIES
from shared.postgres import Database, Transaction

_AT_ONCE = 1_000
_BEFORE_ALL = -(2**62)
"""Before every position: an entry that was smuggled in may have any."""


async def append_notes(
    transaction: Transaction, sealer: Sealer, notes: Iterable[Note], now_us: int
) -> None:
    """Add entries in the transaction of what they tell of; nothing may be locked after it.

    The head is locked until the commit, so that all who write take turns at the chain.
    """
    head: Any = await transaction.fetchrow(QUERIES.lock_audit_head)
    entries, last = sealer.chained(notes, Head(*head), now_us)
    await transaction.execute(QUERIES.append_audit, *map(list, zip(*entries, strict=True)), *last)


class AuditTrail:
    """Writes notes of readers together: who comes while others are written shares the next write.

    A reader waits for one commit at the least and two at the most, however many there are.
    """

    def __init__(self, database: Database, sealer: Sealer, now_us: Callable[[], int]) -> None:
        self.sealer = sealer
        self._database = database
        self._now_us = now_us
        self._waiting: list[tuple[Sequence[Note], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def note(self, notes: Sequence[Note]) -> None:
        """Return once the notes are durable; raises what kept them from it."""
        if not notes:
            return
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((notes, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting(), name="audit")
        await written

    async def entries(
        self, position: int, pseudonyms: Sequence[bytes] = ()
    ) -> AsyncIterator[list[Entry]]:
        """Yield what comes after a position, of some persons or, where none is named, of all."""
        query = QUERIES.read_audit_of if pseudonyms else QUERIES.read_audit
        more = (pseudonyms,) if pseudonyms else ()
        while True:
            rows: Sequence[Any] = await self._database.fetch(query, position, _AT_ONCE, *more)
            if not rows:
                return
            position = rows[-1]["position"]
            yield [Entry(*row) for row in rows]

    async def latest(self, pseudonyms: Sequence[bytes], limit: int) -> list[Entry]:
        """Return the newest entries about persons, newest first."""
        rows: Sequence[Any] = await self._database.fetch(QUERIES.latest_audit_of, pseudonyms, limit)
        return [Entry(*row) for row in rows]

    async def head(self) -> Head:
        """Return the last entry there is."""
        row: Any = await self._database.fetchrow(QUERIES.read_audit_head)
        return Head(*row)

    async def verified(self) -> Verification:
        """Walk the whole trail to its end, or to the first break."""
        walk, position = Verification(self.sealer), _BEFORE_ALL
        head: Head | None = None
        while head is None or head.position > position:
            before = position
            async for entries in self.entries(position):
                walk.look(entries)
                position = entries[-1].position
            if head is not None and position == before:
                break  # what the head told of is gone
            # Read after the entries: what was written meanwhile is looked at in the next round.
            head = await self.head()
        walk.end(head)
        return walk

    async def _write_waiting(self) -> None:
        """Write until nobody waits; whoever is told of a failure is not shown the record."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            notes = [note for some, _ in waiting for note in some]
            [failure] = await asyncio.gather(self._write(notes), return_exceptions=True)
            for _, written in waiting:
                if written.done():
                    continue
                if failure is None:
                    written.set_result(None)
                else:
                    written.set_exception(failure)

    async def _write(self, notes: Sequence[Note]) -> None:
        async with self._database.transaction() as transaction:
            await append_notes(transaction, self.sealer, notes, self._now_us())
