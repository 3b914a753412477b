"""What hashed characteristics stand for, and what became of what was shown, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.ranker.domain.hashing import text_hash
from services.ranker.domain.insight.answered import Characteristic, Shown
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "insight.sql")


class PostgresInsights:
    """An `InsightStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, texts: Sequence[str], now_us: int) -> None:
        if not texts:
            return
        by_hash = {text_hash(text): text.partition("=") for text in texts}
        await self._database.execute(
            _SQL.note_characteristics,
            list(by_hash),
            [name for name, _, _ in by_hash.values()],
            [value for _, _, value in by_hash.values()],
            now_us,
        )

    async def dictionary(self) -> Mapping[int, Characteristic]:
        rows = await self._database.fetch(_SQL.characteristics)
        return {row["hash"]: Characteristic(row["name"], row["value"]) for row in rows}

    async def forget_before(self, time_us: int) -> None:
        await self._database.execute(_SQL.forget_characteristics, time_us)

    async def shown_between(self, after: int, until: int) -> list[Shown]:
        rows = await self._database.fetch(_SQL.shown_between, after, until)
        return [
            Shown(
                row["number"],
                row["offer_no"],
                row["placement"],
                row["time_us"],
                row["features"],
                row["person_id"],
                row["accepted"],
            )
            for row in rows
        ]
