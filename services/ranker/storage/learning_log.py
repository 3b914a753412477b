"""The learning log as replicas read it from PostgreSQL, with its upkeep."""

from __future__ import annotations

from collections.abc import Sequence

from services.ranker.domain.answers import DAY_US, WRITTEN, Outcome, Parked, Row
from services.ranker.domain.learning_log import LogState, NumberedRow, ParkedCount
from services.ranker.domain.reverting import Revert, Span
from services.ranker.storage.batches import AT_ONCE, in_batches
from shared.postgres import Database, Queries, Transaction
from shared.postgres import Row as Record

_SQL = Queries.beside(__file__, "learning.sql")
_REVERTING = Queries.beside(__file__, "reverting.sql")


class PostgresLearningLog:
    """A `LearningLog` on the service's schema, with its upkeep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows_after(self, number: int, limit: int) -> list[NumberedRow]:
        return [read_row(row) for row in await self._database.fetch(_SQL.rows_after, number, limit)]

    async def last_by(self, time_us: int) -> int:
        return int(await self._database.fetchval(_SQL.last_by, time_us) or 0)

    async def answers_to(self, decision_ids: Sequence[str]) -> list[NumberedRow]:
        rows = await self._database.fetch(_SQL.answers_to, list(decision_ids))
        return [read_row(row) for row in rows]

    async def written(self) -> int:
        return int(await self._database.fetchval(_SQL.written))

    async def state(self) -> LogState:
        row = await self._database.fetchrow(_SQL.log_state)
        assert row is not None, "the log has its one row from the start"
        parked = await self._database.fetch(_SQL.parked_answers)
        counts: dict[Outcome, int] = {
            outcome: int(row[outcome.name.lower()]) for outcome in WRITTEN
        }
        return LogState(
            row["number"],
            {**counts, Outcome.NEWER: row["number"] - sum(counts.values())},
            [
                ParkedCount(
                    Parked(each["state"]),
                    each["count"],
                    each["latest_event_id"],
                    each["latest_us"],
                )
                for each in parked
            ],
        )

    async def reverts(self) -> list[Revert]:
        return await read_reverts(self._database)

    async def park_late(self, now_us: int, patience_s: float) -> None:
        """Put aside what waited for its decision so long, and forget what nothing will claim."""
        await self._database.execute(_SQL.park_late, now_us, patience_s)
        await in_batches(self._database, _SQL.forget_unclaimed, now_us - DAY_US, AT_ONCE)

    async def forget_before(self, time_us: int) -> None:
        """Let rows that old no longer say whom they are about; their lesson stays."""
        await in_batches(self._database, _SQL.unlink_old, time_us, AT_ONCE)
        await in_batches(self._database, _SQL.forget_kept, time_us, AT_ONCE)
        await in_batches(self._database, _SQL.forget_taught, time_us // DAY_US, AT_ONCE)


def read_row(row: Record) -> NumberedRow:
    """Return a row of the log as it stands in its table."""
    return NumberedRow(
        row["number"],
        Row(
            row["decision_id"] or "",
            row["placement"],
            row["offer_no"],
            Outcome(row["outcome"]),
            row["features"],
            row["time_us"],
            row["selection_probability"],
            row["family_no"],
            tuple(row["person_ids"]),
            row["credit"],
            row["quantity"],
            row["event_id"],
            row["channel"],
            row["purchase"],
            row["bought_family_no"],
            row["order_id"],
            tuple(row["reverted_by"]),
        ),
    )


async def read_reverts(source: Database | Transaction) -> list[Revert]:
    """Return what was taken out and put back, newest first."""
    return [_read_revert(row) for row in await source.fetch(_REVERTING.reverts)]


def _read_revert(row: Record) -> Revert:
    offer_nos = tuple(row["offer_nos"])
    span = Span(row["from_us"], row["to_us"], offer_nos, row["placement"], row["channel"])
    return Revert(row["number"], span, row["rows"], row["first_row"], row["made_us"], row["undoes"])
