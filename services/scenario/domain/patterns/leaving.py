"""Sequences that end in leaving more often than what comes as late in a visit does.

Whoever has come far into a visit has less of it left to buy in, whatever they did. So a sequence is
held against all visits that reached the deed by which it was complete, not against all visits: of
deeds in random order nothing is found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import Flags, Log, Numbers, Places
from services.scenario.domain.patterns.mining import LONGEST, Miner, Tokens, closed
from services.scenario.domain.patterns.odds import (
    MISTAKES,
    alikeness,
    at_most,
    corrected_for,
    crowding,
    interval,
)
from services.scenario.domain.patterns.visits import Step, Visits, Walks, walks_of

FEWEST_PEOPLE = 5
"""Of fewer nothing is told, whatever they did."""
_FEWEST_VISITS = 10
_LEAST_SHARE = 0.002
"""Of the visits that left."""
_STEADY = 200
"""Visits that what was to be expected at a deed is known from."""
_MOST_CANDIDATES = 500
_MOST_TESTED = 20_000
SHORTEST = 2
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class LeavingSequence:
    """A sequence of steps, and what came of the visits that it was in."""

    steps: tuple[Step, ...]
    visits: int
    left: int
    people: int
    """Who left by it."""
    worth_micros: int
    """What was at stake in those that left, home currency."""
    lost_micros: int
    """Of that, what goes beyond the expected, at least."""
    expected: float
    """Share of visits that leave, of those that came as far."""
    share: tuple[float, float, float]
    """Of visits with it that left, with its 95% interval."""
    p_value: float
    """By itself; how many were tested is told beside."""

    @property
    def bought(self) -> int:
        """Visits with it that ended in buying."""
        return self.visits - self.left

    @property
    def lift(self) -> tuple[float, float]:
        """How many times as often it is in visits that left as in those that bought; at least.

        Of those that came as far: odds against the odds that were to be expected.
        """
        usual = self.expected / max(1.0 - self.expected, _TINY)
        seen = (self.left + 0.5) / (self.bought + 0.5)
        low = self.share[1] / max(1.0 - self.share[1], _TINY)
        return seen / usual, min(low, seen) / usual


@dataclass(frozen=True, slots=True)
class Leavings:
    """What was found, the costliest first, and what it was found in."""

    sequences: Sequence[LeavingSequence]
    visits: int
    left: int
    people: int
    tested: int
    """Sequences held against the expected: those often enough that it could have been seen."""
    at_least: int
    """Visits that left by a sequence for it to be tested."""


@dataclass(frozen=True, slots=True)
class _Judged:
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


def leavings_of(log: Log, visits: Visits, most: int, longest: int = LONGEST) -> Leavings:
    """Return at most so many sequences that end in leaving, none that another one explains."""
    walks = walks_of(log, visits)
    miner = Miner(walks.token, walks.offsets)
    at_least = max(_FEWEST_VISITS, int(np.ceil(_LEAST_SHARE * visits.has_left.sum())))
    everybody = _Judge.of(visits, walks, np.ones(len(visits), np.bool_))
    judged, marks = _tested(miner, visits, everybody, at_least, longest)
    while len(judged) > _MOST_TESTED:
        at_least *= 2
        judged, marks = _tested(miner, visits, everybody, at_least, longest)
    tested = corrected_for([each.least_p_value for each in judged.values()])
    limit = MISTAKES / tested
    clear = [each for each, found in judged.items() if found.p_value <= limit and found.excess > 0]
    kept = closed(clear, marks.__getitem__)
    kept.sort(key=lambda each: (-judged[each].excess, len(each), each))
    found = [
        _told(each, judged[each], miner, visits, walks)
        for each in _explaining(kept[:_MOST_CANDIDATES], miner, visits, walks, limit, most)
    ]
    found.sort(key=lambda each: -each.lost_micros)
    return Leavings(
        found,
        len(visits),
        int(visits.has_left.sum()),
        len(np.unique(visits.person)),
        tested,
        at_least,
    )


def _tested(
    miner: Miner, visits: Visits, judge: _Judge, at_least: int, longest: int
) -> tuple[dict[Tokens, _Judged], dict[Tokens, tuple[int, int]]]:
    judged: dict[Tokens, _Judged] = {}
    marks: dict[Tokens, tuple[int, int]] = {}
    for sequence, occurrences in miner.sequences(visits.has_left, at_least, longest):
        if len(sequence) < SHORTEST:
            continue
        found = judge(occurrences.walk, occurrences.at)
        if found.people >= FEWEST_PEOPLE:
            judged[sequence] = found
            # Of a part and its whole: as many of the same sum are the same walks.
            marks[sequence] = len(occurrences), int(occurrences.walk.sum())
        if len(judged) > _MOST_TESTED:
            break
    return judged, marks


def _explaining(
    candidates: Sequence[Tokens],
    miner: Miner,
    visits: Visits,
    walks: Walks,
    limit: float,
    most: int,
) -> list[Tokens]:
    """Return those that still say something of the visits that none before them was in."""
    chosen: list[Tokens] = []
    is_open = np.ones(len(visits), np.bool_)
    judge = _Judge.of(visits, walks, is_open)
    for sequence in candidates:
        if len(chosen) == most:
            break
        found = miner.find(sequence)
        still = is_open[found.walk]
        if still.sum() < FEWEST_PEOPLE:
            continue
        if chosen and judge(found.walk[still], found.at[still]).p_value > limit:
            continue
        chosen.append(sequence)
        is_open[found.walk] = False
        judge = _Judge.of(visits, walks, is_open)
    return chosen


@dataclass(frozen=True, slots=True)
class _Judge:
    """Holds visits with a sequence against all that came as far."""

    visits: Visits
    place: NDArray[np.int64]
    """Of each token, the how manyth deed of its visit it was."""
    leaving: Numbers
    """Share that leaves of visits with at least so many deeds, by their number."""
    alike: float
    """How alike visits of one person end."""

    @classmethod
    def of(cls, visits: Visits, walks: Walks, some: Flags) -> _Judge:
        """Return one that expects what became of some visits."""
        leaving = _leaving_by_length(visits.length[some], visits.has_left[some])
        at_first = float(leaving[1])
        residuals = visits.has_left[some].astype(np.float64) - at_first
        variance = len(residuals) * at_first * (1.0 - at_first)
        alike = alikeness(residuals, variance, visits.person[some])
        return cls(visits, walks.place, leaving, alike)

    def __call__(self, walk: Places, at: Places) -> _Judged:
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
        return _Judged(count, left, people, expected, count / design, p_value)


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


def _told(
    sequence: Tokens, judged: _Judged, miner: Miner, visits: Visits, walks: Walks
) -> LeavingSequence:
    walk = miner.find(sequence).walk
    worth = int(visits.worth_micros[walk[visits.has_left[walk]]].sum())
    beyond = judged.excess / max(judged.left, 1)
    return LeavingSequence(
        tuple(walks.steps[each] for each in sequence),
        judged.visits,
        judged.left,
        judged.people,
        worth,
        round(worth * beyond),
        judged.expected,
        judged.share,
        judged.p_value,
    )
