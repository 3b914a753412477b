"""Rows of history, written to the learning log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.ranker.domain.answers import Row
from services.ranker.storage.learning import append_rows, lock_log
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "rankings.sql")
Showing = Sequence[Row]
"""All rows of one showing: that it was seen and, where it was, that it was accepted."""


class HistoryLog(Protocol):
    """Appends what was shown before to the learning log."""

    async def key(self) -> bytes:
        """Return what the ids of showings are made with, the same on every replica, and secret."""

    async def append(self, showings: Sequence[Showing]) -> tuple[int, int]:
        """Append showings in order, but for those that ever were in the log.

        Returns after which row they begin, and how many rows were written. All of it is one
        transaction: some hundred at a time, so that others write in between.
        """


class PostgresHistoryLog:
    """A `HistoryLog` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def key(self) -> bytes:
        return bytes(await self._database.fetchval(_SQL.history_key))

    async def append(self, showings: Sequence[Showing]) -> tuple[int, int]:
        async with self._database.transaction() as transaction:
            number = await lock_log(transaction)
            named = [rows[0].decision_id for rows in showings]
            noted = await transaction.fetch(_SQL.note_history, named)
            unknown = {str(row["showing_id"]) for row in noted}
            new = [row for rows in showings if rows[0].decision_id in unknown for row in rows]
            if new:
                await append_rows(transaction, new)
        return number, len(new)
