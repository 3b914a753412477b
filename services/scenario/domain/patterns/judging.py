"""Holds sequences against what was to be expected of visits that came as far.

Whoever has come far into a visit has less of it left to buy in, whatever they did. So a sequence is
held against all visits that reached the deed by which it was complete, not against all visits: of
deeds in random order nothing is found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import Flags, Numbers, Places
from services.scenario.domain.patterns.odds import alikeness, at_most, crowding, interval
from services.scenario.domain.patterns.visits import Visits, Walks

_STEADY = 200
"""Visits that what was to be expected at a deed is known from."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sequence held against what was to be expected of the visits it was in."""

    visits: int
    left: int
    people: int
    expected: float
    effective: float
    """Visits that would say as much if each were another person's."""
    p_value: float

    @property
    def share(self) -> tuple[float, float, float]:
        share = self.left / self.visits
        return share, *interval(share * self.effective, self.effective)

    @property
    def least_p_value(self) -> float:
        """What it would be if all had left: what cannot be seen need not be looked at."""
        return math.pow(self.expected, self.effective)

    @property
    def excess(self) -> float:
        """Visits that left beyond the expected, at least."""
        return max(self.share[1] - self.expected, 0.0) * self.visits


@dataclass(frozen=True, slots=True)
class Judge:
    """Holds visits with a sequence against all that came as far."""

    visits: Visits
    place: NDArray[np.int64]
    """Of each token, the how manyth deed of its visit it was."""
    leaving: Numbers
    """Share that leaves of visits with at least so many deeds, by their number."""
    alike: float
    """How alike visits of one person end."""

    @classmethod
    def of(cls, visits: Visits, walks: Walks, some: Flags) -> Judge:
        """Return one that expects what became of some visits."""
        leaving = _leaving_by_length(visits.length[some], visits.has_left[some])
        at_first = float(leaving[1])
        residuals = visits.has_left[some].astype(np.float64) - at_first
        variance = len(residuals) * at_first * (1.0 - at_first)
        alike = alikeness(residuals, variance, visits.person[some])
        return cls(visits, walks.place, leaving, alike)

    def __call__(self, walk: Places, at: Places) -> Judged:
        has_left = self.visits.has_left[walk]
        reached = np.minimum(self.place[at], len(self.leaving) - 1)
        expected = float(self.leaving[reached].mean())
        person = self.visits.person[walk]
        count, left = len(walk), int(has_left.sum())
        # Visits come by person, so each person is where the number changes.
        leavers = person[has_left]
        people = int(np.count_nonzero(np.diff(leavers))) + 1 if left else 0
        design = 1.0 + (crowding(_renumbered(person)) - 1.0) * self.alike
        p_value = at_most((count - left) / design, count / design, 1.0 - expected)
        return Judged(count, left, people, expected, count / design, p_value)


def _renumbered(person: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return sorted numbers without gaps."""
    numbered = np.zeros(len(person), np.int32)
    np.cumsum(np.diff(person) != 0, out=numbered[1:])
    return numbered


def _leaving_by_length(length: NDArray[np.int64], has_left: Flags) -> Numbers:
    """Return the share that leaves of visits with at least so many deeds; at 0 as at 1."""
    if not len(length):
        return np.ones(2)
    size = int(length.max()) + 1
    reached = np.bincount(length, minlength=size)[::-1].cumsum()[::-1]
    left = np.bincount(length, weights=has_left, minlength=size)[::-1].cumsum()[::-1]
    steady = max(int(np.count_nonzero(reached >= _STEADY)) - 1, 1)
    share: Numbers = left[: steady + 1] / np.maximum(reached[: steady + 1], 1)
    return share
