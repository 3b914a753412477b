"""Reverts of the learning log in PostgreSQL; who makes one takes turns with who writes the log."""

from __future__ import annotations

from collections.abc import Sequence

from services.ranker.domain.answers import Outcome, Row
from services.ranker.domain.reverting import (
    Revert,
    Span,
    by_offer,
    refuse_too_many,
    revert_to_undo,
)
from services.ranker.storage.learning import append_rows, lock_log
from services.ranker.storage.learning_log import read_reverts
from shared.postgres import Database, Queries, Transaction
from shared.postgres import Row as Record

_SQL = Queries.beside(__file__, "reverting.sql")
LONGEST_S = 300.0
"""For a statement over a span; meanwhile the log is not written, and answers wait on the bus."""


class PostgresReverts:
    """`Reverts` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preview(self, span: Span) -> Revert:
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.take_time)
            groups = await _count(transaction, span)
        return _revert(0, span, groups, 0)

    async def revert(self, span: Span, now_us: int) -> Revert:
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.take_time)
            number = await lock_log(transaction, LONGEST_S) + 1
            groups = await _count(transaction, span)
            refuse_too_many(sum(each["marked"] for each in groups))
            if not any(each["counted"] for each in groups):
                return _revert(0, span, [], now_us)
            columns = _columns(span)
            await transaction.execute(_SQL.mark_reverted, number, *columns, timeout_s=LONGEST_S)
            made = _revert(number, span, groups, now_us)
            await _write(transaction, made)
        return made

    async def undo(self, number: int, now_us: int) -> Revert:
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.take_time)
            row_number = await lock_log(transaction, LONGEST_S) + 1
            every = await read_reverts(transaction)
            undone = revert_to_undo(number, every)
            groups = await transaction.fetch(_SQL.unmark_reverted, number, timeout_s=LONGEST_S)
            made = _revert(row_number, undone.span, groups, now_us, number)
            await _write(transaction, made)
        return made

    async def reverts(self) -> list[Revert]:
        return await read_reverts(self._database)

    async def reverted_rows(self) -> int:
        return int(await self._database.fetchval(_SQL.reverted_rows))


async def _count(transaction: Transaction, span: Span) -> list[Record]:
    return await transaction.fetch(_SQL.count_span, *_columns(span), timeout_s=LONGEST_S)


async def _write(transaction: Transaction, made: Revert) -> None:
    """Append the row of the log, at which every replica begins again."""
    row = Row("", "", 0, Outcome.REVERTED, b"", made.made_us, 1.0, 0, ())
    await append_rows(transaction, [row])
    span = made.span
    await transaction.execute(
        _SQL.note_revert,
        made.number,
        *_columns(span),
        made.rows,
        made.first_row,
        made.made_us,
        made.undoes,
    )


def _columns(span: Span) -> tuple[object, ...]:
    return span.from_us, span.to_us, list(span.offer_nos), span.placement, span.channel


def _revert(
    number: int, span: Span, groups: Sequence[Record], made_us: int, undoes: int = 0
) -> Revert:
    """Return what was made of rows that are counted by offer and outcome."""
    offers = by_offer(
        (each["offer_no"], Outcome(each["outcome"]), each["counted"]) for each in groups
    )
    first_row = min((each["first_row"] for each in groups), default=0)
    rows = sum(each["counted"] for each in groups)
    return Revert(number, span, rows, first_row, made_us, undoes, offers)
