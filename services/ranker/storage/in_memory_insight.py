"""What hashed characteristics stand for, and what became of what was shown, kept for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.ranker.domain.answers import Outcome
from services.ranker.domain.hashing import text_hash
from services.ranker.domain.insight.answered import Characteristic, Shown
from services.ranker.domain.learning_log import LearningLog


class InMemoryInsights:
    """An `InsightStore` that forgets with its process."""

    def __init__(self, log: LearningLog) -> None:
        self._log = log
        self._kept: dict[int, tuple[Characteristic, int]] = {}

    async def note(self, texts: Sequence[str], now_us: int) -> None:
        for text in texts:
            name, _, value = text.partition("=")
            told = Characteristic(name, value)
            kept, met_us = self._kept.get(text_hash(text), (told, now_us))
            if kept == told:
                self._kept[text_hash(text)] = told, max(met_us, now_us)

    async def dictionary(self) -> Mapping[int, Characteristic]:
        return {hashed: told for hashed, (told, _) in self._kept.items()}

    async def forget_before(self, time_us: int) -> None:
        self._kept = {key: each for key, each in self._kept.items() if each[1] >= time_us}

    async def shown_between(self, after: int, until: int) -> list[Shown]:
        rows = await self._log.rows_after(0, until)
        every = await self._log.rows_after(0, await self._log.written())
        counted = [each.row for each in every if not each.row.reverted_by]
        taken = {row.place for row in counted if row.outcome is Outcome.ACCEPTED}
        taken -= {row.place for row in counted if row.outcome is Outcome.RETURNED}
        return [
            Shown(
                each.number,
                each.row.offer_no,
                each.row.placement,
                each.row.time_us,
                each.row.features,
                each.row.person_ids[0],
                each.row.place in taken,
            )
            for each in rows
            if each.number > after
            and each.row.outcome is Outcome.SHOWN
            and each.row.decision_id
            and each.row.person_ids
            and not each.row.reverted_by
        ]
