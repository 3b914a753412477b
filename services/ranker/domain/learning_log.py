"""The learning log: numbered rows without gaps, from which every replica learns the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.ranker.domain.answers import Outcome, Parked, Row

if TYPE_CHECKING:
    from services.ranker.domain.reverting import Revert


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row as it stands in the log."""

    number: int
    """From 1, without gaps."""
    row: Row


@dataclass(frozen=True, slots=True)
class ParkedCount:
    """Answers put aside for one reason."""

    reason: Parked
    count: int
    latest_event_id: str
    latest_us: int
    """Business time at which it was put aside."""


@dataclass(frozen=True, slots=True)
class LogState:
    """How far the log reaches, and what is in it."""

    written: int
    """The last row's number."""
    outcomes: Mapping[Outcome, int]
    parked: Sequence[ParkedCount]


class LearningLog(Protocol):
    """Reads the log; it is written by the consumers of decisions and events, in turn."""

    async def rows_after(self, number: int, limit: int) -> list[NumberedRow]:
        """Return the rows after that one, in order."""

    async def last_by(self, time_us: int) -> int:
        """Return the number of the last row of that business time or before; 0: there is none."""

    async def answers_to(self, decision_ids: Sequence[str]) -> list[NumberedRow]:
        """Return what became of what decisions showed, in order: all their rows but showings."""

    async def written(self) -> int:
        """Return the number of the last row."""

    async def state(self) -> LogState:
        """Return how far the log reaches."""

    async def reverts(self) -> Sequence[Revert]:
        """Return what was taken out of the model and put back, newest first."""
