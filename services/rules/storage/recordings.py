"""Recorded decisions in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from services.rules.domain.recordings import StoredRecording
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "recordings.sql")
_SLICE = 50
"""Of some kilobytes each."""


class PostgresRecordings:
    """A `RecordingStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, recorded: Mapping[str, bytes]) -> None:
        ids = list(recorded)
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.lock_persons_of, ids)
            await transaction.execute(_SQL.add_recordings, ids, list(recorded.values()))

    async def count(self, since_us: int, until_us: int) -> int:
        return int(await self._database.fetchval(_SQL.count_recordings, since_us, until_us))

    async def recorded(
        self, since_us: int, until_us: int, at_most: int
    ) -> AsyncGenerator[StoredRecording, None]:
        rows = await self._database.fetch(_SQL.choose_recordings, since_us, until_us, at_most)
        chosen = [row["decision_id"] for row in rows]
        for first in range(0, len(chosen), _SLICE):
            some = chosen[first : first + _SLICE]
            for row in await self._database.fetch(_SQL.read_recordings, some):
                persons = tuple(row["person_ids"])
                yield StoredRecording(
                    row["decision_id"], persons, row["decided_us"], row["recorded"]
                )


async def forget_recordings(database: Database, before_us: int, at_most: int) -> int:
    """Delete a slice of what was decided before; returns how many."""
    return await database.forget_slice(_SQL.forget_recorded_decisions, before_us, at_most)
