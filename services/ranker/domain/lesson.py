"""What a batch of decisions and answers is judged by, and what it adds to the learning log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.ranker.domain.answers import DAY_US, Answer, Decision, Parked, Row

PersonDay = tuple[str, int]
"""A person and a business day."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the log holds of the persons, families and decisions that a batch is about."""

    decisions: Mapping[str, Decision] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    sets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Person to all who are the same; absent: alone."""
    taught: Mapping[PersonDay, int] = field(default_factory=dict)
    """Showings that taught."""
    accepted: Mapping[PersonDay, int] = field(default_factory=dict)
    """Acceptances that taught."""
    unclaimed: Sequence[Answer] = ()
    """Purchases and returns of the last day that nothing was known for."""


@dataclass(slots=True)
class Lesson:
    """What a batch adds to the log."""

    rows: list[Row] = field(default_factory=list)
    taught: dict[PersonDay, int] = field(default_factory=dict)
    """Added showings."""
    accepted: dict[PersonDay, int] = field(default_factory=dict)
    """Added acceptances."""
    waiting: list[Answer] = field(default_factory=list)
    """Those whose decision is not in the journal yet: it travels on another stream."""
    parked: list[tuple[Answer, Parked]] = field(default_factory=list)
    unclaimed: list[Answer] = field(default_factory=list)
    """Purchases whose showing, and returns whose purchase, may still be told."""
    claimed: list[Answer] = field(default_factory=list)
    """Those of earlier batches that met it now."""


class DailyLimit:
    """Counts what one person teaches on a business day, over all who are the same."""

    def __init__(
        self,
        limit: int,
        known: Mapping[PersonDay, int],
        added: dict[PersonDay, int],
        sets: Mapping[str, Sequence[str]],
    ) -> None:
        """Take the limit, what was counted before, where to count on, and who is the same."""
        self._limit = limit
        self._known = known
        self._added = added
        self._sets = sets

    def takes(self, persons: Sequence[str], time_us: int) -> bool:
        """Return whether one more stays within it, and count it if so, for the first of them."""
        day = time_us // DAY_US
        everybody = {each for person in persons for each in self._sets.get(person, (person,))}
        counted = sum(
            self._known.get((person, day), 0) + self._added.get((person, day), 0)
            for person in everybody
        )
        if counted >= self._limit:
            return False
        self._added[persons[0], day] = self._added.get((persons[0], day), 0) + 1
        return True
