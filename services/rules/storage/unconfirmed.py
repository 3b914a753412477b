"""Unconfirmed answers in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.domain.unconfirmed import StoredAnswer
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "unconfirmed.sql")


class PostgresAnswers:
    """An `AnswerStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, answers: Sequence[StoredAnswer]) -> None:
        persons = sorted({person for each in answers for person in each.person_ids})
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.lock_answered, persons)
            for each in sorted(answers, key=lambda answer: answer.decision_id):
                await transaction.execute(
                    _SQL.add_answer,
                    each.decision_id,
                    list(each.person_ids),
                    each.answered_us,
                    each.answer,
                )

    async def answer(self, decision_id: str) -> bytes:
        found: bytes | None = await self._database.fetchval(_SQL.unconfirmed_answer, decision_id)
        return found or b""


async def forget_answers(database: Database, before_us: int, at_most: int) -> int:
    """Delete a slice of what was answered before; returns how many."""
    return await database.forget_slice(_SQL.forget_unconfirmed_answers, before_us, at_most)
