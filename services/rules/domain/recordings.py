"""The port of recorded decisions: what a sample of them was decided by, to decide it again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """What one decision was decided by."""

    decision_id: str
    person_ids: tuple[str, ...]
    """For whom, oldest first; empty: nobody was known."""
    decided_us: int
    recorded: bytes
    """A serialised RecordedDecision."""


class RecordingStore(Protocol):
    """Recorded decisions. They go with the person they are about, and after `Keep.RECORDED_US`."""

    async def add(self, recorded: Mapping[str, bytes]) -> None:
        """Keep serialised RecordedDecisions by the id of the decision; each may be told again.

        What is about a decision that is not kept, or about somebody who was erased, is left out.
        """
        ...

    async def count(self, since_us: int, until_us: int) -> int:
        """Return how many were decided in that time, `until_us` not included."""
        ...

    def recorded(
        self, since_us: int, until_us: int, at_most: int
    ) -> AsyncGenerator[StoredRecording, None]:
        """Yield what was decided in that time, the oldest first.

        Where there are more than `at_most`, every n-th of them: each part of the time counts for as
        much as it holds.
        """
        ...


def is_taken(place: int, total: int, at_most: int) -> bool:
    """Return whether the one in this place, from 0, is among `at_most` spread evenly over all."""
    return total <= at_most or place * at_most // total != (place + 1) * at_most // total
