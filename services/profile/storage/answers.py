"""What everybody together made of the questions: counted by one replica, read by each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.profile.domain.questions import Answers
from services.profile.storage import QUERIES
from shared.postgres import Database

COUNT_EVERY_S = 300.0
"""What a question is worth changes slowly."""
READ_EVERY_S = 20.0
"""So often it is also looked whether somebody was erased: their answers count no longer."""


class Stand(NamedTuple):
    """What was counted."""

    position: int
    """Of the last answer."""
    erased_us: int
    """When somebody was last erased."""


class AnswerCounts:
    """Keeps the counts and reads them."""

    def __init__(self, database: Database) -> None:
        self.answers: Mapping[str, Answers] = {}
        """By question, as last read."""
        self._database = database
        self._stand = Stand(-1, 0)

    async def lead(self) -> None:
        """Count for all replicas; a background task."""
        await self._database.leadership.lead("answers", self._count_for_ever)

    async def follow(self) -> None:
        """Read what was counted; a background task of each replica."""
        while True:
            await self.refresh()
            await asyncio.sleep(READ_EVERY_S)

    async def count(self) -> None:
        """Count anew if there are answers that were not counted, or some are gone."""
        stand = await self._standing()
        if stand == self._stand:
            return
        async with self._database.transaction() as transaction:
            await transaction.execute(QUERIES.forget_answer_counts)
            await transaction.execute(QUERIES.count_answers)
        self._stand = stand

    async def _standing(self) -> Stand:
        row: Any = await self._database.fetchrow(QUERIES.answers_stand)
        return Stand(*row)

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
            counted_s = time.monotonic()
            while time.monotonic() - counted_s < COUNT_EVERY_S:
                await asyncio.sleep(READ_EVERY_S)
                if (await self._standing()).erased_us != self._stand.erased_us:
                    break
