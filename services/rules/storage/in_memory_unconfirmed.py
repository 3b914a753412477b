"""Unconfirmed answers in memory, beside the ledger in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.rules.domain.unconfirmed import StoredAnswer


@dataclass
class InMemoryAnswers:
    """See `AnswerStore`."""

    is_erased: Callable[[Sequence[str]], bool]
    """Whether anyone of these persons was erased."""
    rows: dict[str, StoredAnswer] = field(default_factory=dict)

    async def add(self, answers: Sequence[StoredAnswer]) -> None:
        for each in answers:
            known = self.rows.get(each.decision_id)
            is_newer = known is None or each.answered_us > known.answered_us
            if is_newer and not self.is_erased(each.person_ids):
                self.rows[each.decision_id] = each

    async def answer(self, decision_id: str) -> bytes:
        known = self.rows.get(decision_id)
        return known.answer if known else b""

    def keep(self, wanted: Callable[[StoredAnswer], bool]) -> None:
        """Drop every answer that is not wanted any more."""
        self.rows = {name: each for name, each in self.rows.items() if wanted(each)}
