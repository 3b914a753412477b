"""What everybody together made of the questions: counted by one replica, read by each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.profile.domain.questions import Answers
from services.profile.storage import QUERIES
from shared.postgres import Database

COUNT_EVERY_S = 300.0
"""What a question is worth changes slowly."""
READ_EVERY_S = 30.0


class AnswerCounts:
    """Keeps the counts and reads them."""

    def __init__(self, database: Database) -> None:
        self.answers: Mapping[str, Answers] = {}
        """By question, as last read."""
        self._database = database
        self._counted_to = -1

    async def lead(self) -> None:
        """Count for all replicas; a background task."""
        await self._database.leadership.lead("answers", self._count_for_ever)

    async def follow(self) -> None:
        """Read what was counted; a background task of each replica."""
        while True:
            await self.refresh()
            await asyncio.sleep(READ_EVERY_S)

    async def count(self) -> None:
        """Count anew if there are answers that were not counted."""
        latest: int = await self._database.fetchval(QUERIES.latest_answer)
        if latest == self._counted_to:
            return
        async with self._database.transaction() as transaction:
            await transaction.execute(QUERIES.forget_answer_counts)
            await transaction.execute(QUERIES.count_answers)
        self._counted_to = latest

    async def refresh(self) -> None:
        """Read what was counted."""
        rows: Sequence[Any] = await self._database.fetch(QUERIES.answer_counts)
        given: dict[str, dict[str, int]] = {}
        skipped: dict[str, int] = {}
        for question, answer, was_skipped, persons in rows:
            if was_skipped:
                skipped[question] = persons
            else:
                given.setdefault(question, {})[answer] = persons
        self.answers = {
            question: Answers(given.get(question, {}), skipped.get(question, 0))
            for question in given.keys() | skipped.keys()
        }

    async def _count_for_ever(self) -> None:
        while True:
            await self.count()
            await asyncio.sleep(COUNT_EVERY_S)
