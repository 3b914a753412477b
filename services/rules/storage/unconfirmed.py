"""Unconfirmed answers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from services.rules.domain.unconfirmed import StoredAnswer
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "unconfirmed.sql")


class PostgresAnswers:
    """An `AnswerStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, answers: Sequence[StoredAnswer]) -> None:
        persons = [person for each in answers for person in each.person_ids]
        lasts = list(accumulate(len(each.person_ids) for each in answers))
        # Their decisions wait for the locks, so nothing is done under them but this one statement.
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.lock_answered, persons)
            await transaction.execute(
                _SQL.add_answers,
                [each.decision_id for each in answers],
                [each.answered_us for each in answers],
                persons,
                [
                    last - len(each.person_ids) + 1
                    for each, last in zip(answers, lasts, strict=True)
                ],
                lasts,
                [each.answer for each in answers],
            )

    async def answer(self, decision_id: str) -> bytes:
        found: bytes | None = await self._database.fetchval(_SQL.unconfirmed_answer, decision_id)
        return found or b""


async def forget_answers(database: Database, before_us: int, at_most: int) -> int:
    """Delete a slice of what was answered before; returns how many."""
    return await database.forget_slice(_SQL.forget_unconfirmed_answers, before_us, at_most)
