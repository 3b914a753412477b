"""The journal of decisions, as the ranker keeps it to learn and to report from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One committed decision."""

    decision_id: str
    person_ids: tuple[str, ...]
    time_us: int
    """Business time of the decision."""
    notice: bytes
    """The serialised DecisionNotice it came with."""


class Journal(Protocol):
    """Reads and forgets entries; they are written by the consumer of decisions."""

    async def newest(
        self, person_ids: Sequence[str], since_us: int, limit: int
    ) -> list[JournalEntry]:
        """Return entries since then, newest first; of all persons when none are named."""

    async def of(self, decision_id: str) -> JournalEntry | None:
        """Return the entry of a decision; None: there is none, or no longer."""

    async def erase(self, person_ids: Sequence[str]) -> int:
        """Delete every entry of these persons and return how many there were.

        None of theirs is written from then on: a decision may still be on its way.
        """

    def export(self, person_ids: Sequence[str]) -> AsyncIterator[tuple[str, list[str]]]:
        """Yield all that is kept of persons: a table, and some of its rows as JSON."""

    async def forget_before(self, time_us: int) -> int:
        """Delete entries older than that and return how many there were."""
