"""What was ranked, kept in PostgreSQL by the day."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime

from asyncpg import DataError

from services.ranker.domain.rankings import RankedEntry
from services.ranker.storage.batches import in_batches
from shared.errors import InvalidArgument
from shared.postgres import Database, Queries, Row

_SQL = Queries.beside(__file__, "rankings.sql")
_SLICE = 50
"""Of some kilobytes each."""
_FIRST_ID = "00000000-0000-0000-0000-000000000000"


class PostgresRankings:
    """`Rankings` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entries: Sequence[RankedEntry]) -> None:
        try:
            await self._database.execute(
                _SQL.add_rankings,
                [entry.decision_id for entry in entries],
                [",".join(entry.person_ids) for entry in entries],
                [entry.time_us for entry in entries],
                [entry.ranked for entry in entries],
            )
        except DataError as error:
            raise InvalidArgument(
                message="an entry of the journal has an id that is none"
            ) from error

    async def of(self, decision_id: str) -> RankedEntry | None:
        row = await self._database.fetchrow(_SQL.ranking_of, decision_id)
        return None if row is None else _entry(row)

    async def count(self, since_us: int, until_us: int) -> int:
        return int(await self._database.fetchval(_SQL.count_rankings, since_us, until_us))

    async def between(self, since_us: int, until_us: int) -> AsyncGenerator[RankedEntry, None]:
        last_us, last_id = since_us, _FIRST_ID
        while rows := await self._database.fetch(
            _SQL.rankings_between, last_us, until_us, last_id, _SLICE
        ):
            for row in rows:
                yield _entry(row)
            last_us, last_id = rows[-1]["time_us"], rows[-1]["decision_id"]

    async def forget_before(self, time_us: int) -> int:
        return await in_batches(self._database, _SQL.forget_rankings, time_us)


async def make_days(database: Database, now_us: int) -> None:
    """Make the tables of this day and the next two, of the journal and of what was ranked.

    Raises `Aborted` where somebody reads or writes for too long; until it succeeds, what has no day
    yet stands in the tables of the rest.
    """
    for missing in await database.fetch(_SQL.missing_days, _day_of(now_us)):
        await database.execute(_SQL.make_day, missing["parent"], missing["day"])


def _day_of(time_us: int) -> date:
    return datetime.fromtimestamp(time_us / 1e6, UTC).date()


def _entry(row: Row) -> RankedEntry:
    return RankedEntry(row["decision_id"], tuple(row["person_ids"]), row["time_us"], row["ranked"])
