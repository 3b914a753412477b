"""The journal kept in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from services.ranker.domain.journal import JournalEntry
from services.ranker.storage.batches import in_batches
from services.ranker.storage.export import export_person
from services.ranker.storage.learning import erase_links, lock_log
from shared.bus.forgetting import forget_in_parked
from shared.person_export import Rows
from shared.postgres import Database, Queries, Row, Transaction

_SQL = Queries.beside(__file__)
_RANKINGS = Queries.beside(__file__, "rankings.sql")


async def append_entries(
    transaction: Transaction, entries: Sequence[JournalEntry]
) -> list[JournalEntry]:
    """Write entries in the caller's transaction, but none of a person who was erased.

    One that is there already stays as it was. Returns those that are new, each once.
    """
    first: dict[str, JournalEntry] = {}
    for entry in entries:
        first.setdefault(entry.decision_id, entry)
    added = await transaction.fetch(
        _SQL.append_decisions,
        list(first),
        [",".join(entry.person_ids) for entry in first.values()],
        [entry.time_us for entry in first.values()],
        [entry.notice for entry in first.values()],
    )
    new = {str(row["decision_id"]) for row in added}
    return [entry for entry in first.values() if entry.decision_id in new]


async def erase_entries(transaction: Transaction, person_ids: Sequence[str]) -> int:
    """Delete all entries, rankings and answers of persons, for good; returns how many there were.

    Rows of the learning log stay, and no longer say whom they are about.
    """
    await lock_log(transaction)
    await transaction.execute(_SQL.hold_appends)
    await transaction.execute(_SQL.note_erased, list(person_ids))
    answers = await erase_links(transaction, person_ids)
    answers += await forget_in_parked(transaction, person_ids)
    answers += int(await transaction.fetchval(_RANKINGS.erase_rankings, list(person_ids)))
    return answers + int(await transaction.fetchval(_SQL.erase_decisions, list(person_ids)))


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

    async def of(self, decision_id: str) -> JournalEntry | None:
        row = await self._database.fetchrow(_SQL.decision_of, decision_id)
        return None if row is None else _entry(row)

    async def erase(self, person_ids: Sequence[str]) -> int:
        async with self._database.transaction() as transaction:
            return await erase_entries(transaction, person_ids)

    def export(self, person_ids: Sequence[str]) -> AsyncIterator[Rows]:
        return export_person(self._database, person_ids)

    async def forget_before(self, time_us: int) -> int:
        return await in_batches(self._database, _SQL.forget_decisions, time_us)


def _entry(row: Row) -> JournalEntry:
    return JournalEntry(
        str(row["decision_id"]),
        tuple(str(person_id) for person_id in row["person_ids"]),
        row["time_us"],
        row["notice"],
    )
