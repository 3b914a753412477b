"""The journal kept in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from services.ranker.domain.journal import JournalEntry
from shared.postgres import Database, Queries, Row, Transaction

_SQL = Queries.beside(__file__)


async def append_entries(transaction: Transaction, entries: Sequence[JournalEntry]) -> None:
    """Write entries in the caller's transaction, but none of a person who was erased.

    One that is there already stays as it was.
    """
    await transaction.execute(
        _SQL.append_decisions,
        [entry.decision_id for entry in entries],
        [",".join(entry.person_ids) for entry in entries],
        [entry.time_us for entry in entries],
        [entry.notice for entry in entries],
    )


async def erase_entries(transaction: Transaction, person_ids: Sequence[str]) -> int:
    """Delete all entries of persons, for good; returns how many there were."""
    await transaction.execute(_SQL.hold_appends)
    await transaction.execute(_SQL.note_erased, list(person_ids))
    return int(await transaction.fetchval(_SQL.erase_decisions, list(person_ids)))


class PostgresJournal:
    """A `Journal` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        """Write entries in a transaction of their own."""
        async with self._database.transaction() as transaction:
            await append_entries(transaction, entries)

    async def newest(
        self, person_ids: Sequence[str], since_us: int, limit: int
    ) -> list[JournalEntry]:
        rows = await self._database.fetch(_SQL.newest_decisions, list(person_ids), since_us, limit)
        return [_entry(row) for row in rows]

    async def erase(self, person_ids: Sequence[str]) -> int:
        async with self._database.transaction() as transaction:
            return await erase_entries(transaction, person_ids)

    async def forget_before(self, time_us: int) -> int:
        return int(await self._database.fetchval(_SQL.forget_decisions, time_us))


def _entry(row: Row) -> JournalEntry:
    return JournalEntry(
        str(row["decision_id"]),
        tuple(str(person_id) for person_id in row["person_ids"]),
        row["time_us"],
        row["notice"],
    )
