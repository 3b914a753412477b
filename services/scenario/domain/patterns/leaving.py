"""Sequences that end in leaving: more often than what comes as late in a visit, or just often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.scenario.domain.patterns.judging import Judge, Judged
from services.scenario.domain.patterns.log import Log
from services.scenario.domain.patterns.mining import LONGEST, Miner, Tokens, closed
from services.scenario.domain.patterns.odds import MISTAKES, corrected_for
from services.scenario.domain.patterns.visits import Step, Visits, Walks, walks_of

FEWEST_PEOPLE = 5
"""Of fewer nothing is told, whatever they did."""
_FEWEST_VISITS = 10
_LEAST_SHARE = 0.002
"""Of the visits that left."""
_MOST_CANDIDATES = 500
_MOST_TESTED = 20_000
SHORTEST = 2
_MOST_COMMON, _MOSTLY = 5, 0.5
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
    is_clear: bool
    """Beyond chance, all that were tested taken together; else it is told for being common."""

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
    """What was found: what is clear first, then the costliest first; and what it was found in."""

    sequences: Sequence[LeavingSequence]
    visits: int
    left: int
    people: int
    tested: int
    """Sequences held against the expected: those often enough that it could have been seen."""
    at_least: int
    """Visits that left by a sequence for it to be tested."""


def leavings_of(log: Log, visits: Visits, most: int, longest: int = LONGEST) -> Leavings:
    """Return at most so many sequences that end in leaving, none that another one explains.

    Those that are clear come first. Up to five others are told where there is room: the costliest
    of what is commonest, which is left no more often than anything else.
    """
    walks = walks_of(log, visits)
    miner = Miner(walks.token, walks.offsets)
    everybody = Judge.of(visits, walks, np.ones(len(visits), np.bool_))
    judged, marks, at_least = _tested(miner, visits, everybody, longest)
    tested = corrected_for([each.least_p_value for each in judged.values()])
    limit = MISTAKES / tested
    clear = [each for each, found in judged.items() if found.p_value <= limit and found.excess > 0]
    kept = closed(clear, marks.__getitem__)
    kept.sort(key=lambda each: (-judged[each].excess, len(each), each))
    surest = _explaining(kept[:_MOST_CANDIDATES], miner, visits, walks, limit, most)
    common = [each for each in judged if each not in set(clear)]
    common.sort(key=lambda each: (-judged[each].left, -len(each), each))
    others = _commonest(common[:_MOST_CANDIDATES], surest, miner, visits)
    told = [
        *(_told(each, judged[each], miner, visits, walks, is_clear=True) for each in surest),
        *(_told(each, judged[each], miner, visits, walks, is_clear=False) for each in others),
    ]
    told.sort(key=lambda each: (not each.is_clear, -each.lost_micros, -each.worth_micros))
    people, left = len(np.unique(visits.person)), int(visits.has_left.sum())
    return Leavings(told[:most], len(visits), left, people, tested, at_least)


@dataclass(slots=True)
class _Least:
    """How many visits must have left by a sequence, for now."""

    visits: int

    def __call__(self) -> int:
        return self.visits


def _tested(
    miner: Miner, visits: Visits, judge: Judge, longest: int
) -> tuple[dict[Tokens, Judged], dict[Tokens, tuple[int, int]], int]:
    """Return sequences, marks that are equal for those of the same visits, and the least visits.

    Where there are too many, more visits are asked for from then on, of those before as well.
    """
    least = _Least(max(_FEWEST_VISITS, int(np.ceil(_LEAST_SHARE * visits.has_left.sum()))))
    judged: dict[Tokens, Judged] = {}
    marks: dict[Tokens, tuple[int, int]] = {}
    for sequence, occurrences in miner.sequences(visits.has_left, least, longest):
        if len(sequence) < SHORTEST:
            continue
        found = judge(occurrences.walk, occurrences.at)
        if found.people >= FEWEST_PEOPLE:
            judged[sequence] = found
            # Of a part and its whole: as many of the same sum are the same walks.
            marks[sequence] = len(occurrences), int(occurrences.walk.sum())
        while len(judged) > _MOST_TESTED:
            least.visits *= 2
            judged = {each: found for each, found in judged.items() if found.left >= least.visits}
    return judged, marks, least.visits


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
    judge = Judge.of(visits, walks, is_open)
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
        judge = Judge.of(visits, walks, is_open)
    return chosen


def _commonest(
    candidates: Sequence[Tokens], before: Sequence[Tokens], miner: Miner, visits: Visits
) -> list[Tokens]:
    """Return some that most left by, each mostly of visits that none before it was in."""
    is_open = visits.has_left.copy()
    for sequence in before:
        is_open[miner.find(sequence).walk] = False
    chosen: list[Tokens] = []
    for sequence in candidates:
        if len(chosen) == _MOST_COMMON:
            break
        walk = miner.find(sequence).walk
        walk = walk[visits.has_left[walk]]
        if is_open[walk].mean() > _MOSTLY:
            chosen.append(sequence)
            is_open[walk] = False
    return chosen


def _told(
    sequence: Tokens,
    judged: Judged,
    miner: Miner,
    visits: Visits,
    walks: Walks,
    *,
    is_clear: bool,
) -> LeavingSequence:
    walk = miner.find(sequence).walk
    worth = int(visits.worth_micros[walk[visits.has_left[walk]]].sum())
    beyond = judged.excess / max(judged.left, 1) if is_clear else 0.0
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
        is_clear,
    )
