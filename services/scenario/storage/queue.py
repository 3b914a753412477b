"""The call centre's queue as it is read from PostgreSQL."""

from __future__ import annotations

from services.scenario.domain.agents import SEEN_FOR_S
from services.scenario.domain.ports import CALLS, CallDay
from services.scenario.domain.queue import Line, Load, Queue, RungBack, Seat, Tried
from services.scenario.storage.agents import agent_of
from services.scenario.storage.rows import load_of
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "queue.sql")
_ROOMS = Queries.beside(__file__, "journeys.sql")


class PostgresQueue:
    """A `QueueStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, now_us: int) -> Queue:
        seats = await self._database.fetch(_SQL.seats, now_us, SEEN_FOR_S)
        lines = await self._database.fetch(_SQL.lines, now_us)
        made = await self._database.fetchrow(_SQL.made, CALLS)
        return Queue(
            now_us,
            [Seat(agent_of(row), row["held"], row["changed_us"], row["is_here"]) for row in seats],
            [Line(**{**row, "skills": tuple(row["skills"])}) for row in lines],
            made_on=made["day"] if made else "",
            made=made["entered"] if made else 0,
        )

    async def tried(self, since_us: int, limit: int) -> list[Tried]:
        return [Tried(**row) for row in await self._database.fetch(_SQL.tried, since_us, limit)]

    async def overdue(self, kind: str, before_us: int, now_us: int) -> int:
        return int(await self._database.fetchval(_SQL.overdue, kind, before_us, now_us))

    async def load(self, day: CallDay) -> Load:
        counted = day.began_us, day.ends_us, day.now_us
        return load_of(await self._database.fetchrow(_ROOMS.calls_of, *counted))

    async def rung_back(self, since_us: int) -> list[RungBack]:
        return [RungBack(**row) for row in await self._database.fetch(_SQL.rung_back, since_us)]
