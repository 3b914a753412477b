"""The port of what was ranked: per decision what the ranker was given, and what it answered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RankedEntry:
    """One decision as it was ranked."""

    decision_id: str
    person_ids: tuple[str, ...]
    """Empty: nobody was known."""
    time_us: int
    """Business time of the request."""
    ranked: bytes
    """A serialised RankedDecision."""


class Rankings(Protocol):
    """Keeps entries for some days. They go with the person they are about."""

    async def add(self, entries: Sequence[RankedEntry]) -> None:
        """Keep entries; of a decision the first one stays.

        What is about somebody who was erased is left out. Raises `InvalidArgument`, and keeps
        none of them, where an id of one is none.
        """

    async def of(self, decision_id: str) -> RankedEntry | None:
        """Return the entry of a decision; None: there is none, or no longer."""

    async def count(self, since_us: int, until_us: int) -> int:
        """Return how many were ranked in that time, `until_us` not included."""

    def between(self, since_us: int, until_us: int) -> AsyncGenerator[RankedEntry, None]:
        """Yield what was ranked in that time, the oldest first."""

    async def forget_before(self, time_us: int) -> int:
        """Delete entries older than that, by whole days; returns how many there were."""
