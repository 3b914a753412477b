"""What checkouts are left from: the last thing done between starting one and going away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.scenario.domain.patterns.leaving import FEWEST_PEOPLE
from services.scenario.domain.patterns.log import TOPICS, Deeds, Flags, Log, Numbers, Places
from services.scenario.domain.patterns.odds import MISTAKES, at_least, interval
from services.scenario.domain.patterns.visits import Step, Visits, spans

CHECKOUT = "checkout_started"
_FURTHEST = 5
"""Deeds after its start; what comes later counts as coming here."""


@dataclass(frozen=True, slots=True)
class LeftFrom:
    """Something done in checkouts, and how often they were left from it."""

    step: Step
    times: int
    """It was done in checkouts."""
    left: int
    """A checkout was left right after it."""
    people: int
    """Who left from it."""
    worth_micros: int
    """What lay in the carts that were left, home currency."""
    expected: float
    """Share of all that is done as far into checkouts after which they are left."""
    share: tuple[float, float, float]
    """After which it was left, with its 95% interval."""
    p_value: float
    """By itself; how many were tested is told beside."""
    is_clear: bool
    """Beyond chance, all that is done in checkouts tested together."""


@dataclass(frozen=True, slots=True)
class Checkouts:
    """What checkouts were left from, most often first."""

    left_from: Sequence[LeftFrom]
    checkouts: int
    left: int
    tested: int


def checkouts_of(log: Log, visits: Visits, most: int) -> Checkouts:
    """Return at most so many, those that are clear first; none that only few people left from."""
    deeds = _in_checkouts(log, visits)
    found: list[LeftFrom] = []
    tested = 0
    for step, here in _steps(log, deeds):
        exits = here & deeds.is_exit
        people = len(np.unique(visits.person[deeds.visit[exits]]))
        if people < FEWEST_PEOPLE:
            continue
        tested += 1
        found.append(_left_from(step, here, deeds, visits, people))
    found = [
        replace(each, is_clear=each.p_value <= MISTAKES / tested and each.share[0] > each.expected)
        for each in found
    ]
    found.sort(key=lambda each: (not each.is_clear, -each.left))
    checkouts = np.unique(deeds.visit)
    return Checkouts(found[:most], len(checkouts), int(visits.has_left[checkouts].sum()), tested)


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was done in checkouts, as columns of equal length."""

    deeds: Deeds
    visit: Places
    is_exit: Flags
    """The checkout was left right after it."""
    expected: Numbers
    """The share that leaves after what is done as far into checkouts."""


def _in_checkouts(log: Log, visits: Visits) -> _Checked:
    places = np.flatnonzero(log.having(visits.deeds).are(CHECKOUT))
    visit_of = np.repeat(np.arange(len(visits)), visits.length)
    visit, first = np.unique(visit_of[places], return_index=True)
    begin, end = places[first], visits.offsets[1:][visit]
    lengths = end - begin
    at = spans(begin, lengths)
    of_visit = np.repeat(visit, lengths)
    is_last = np.zeros(len(at), np.bool_)
    is_last[np.cumsum(lengths) - 1] = True
    is_exit = is_last & visits.has_left[of_visit]
    reached = np.minimum(at - np.repeat(begin, lengths), _FURTHEST)
    exits = np.bincount(reached, weights=is_exit, minlength=1)
    share = exits / np.maximum(np.bincount(reached, minlength=1), 1)
    return _Checked(visits.deeds.picked(at), of_visit, is_exit, share[reached])


def _steps(log: Log, checked: _Checked) -> Iterator[tuple[Step, Flags]]:
    """Yield what was done, by type and by what the page was about, its category or placement."""
    deeds = checked.deeds
    for column, names in (
        (deeds.topic, TOPICS),
        (deeds.category, log.categories),
        (deeds.placement, log.placements),
    ):
        width = max(len(names), 1)
        key = deeds.type.astype(np.int64) * width + column
        for each in np.unique(key).tolist():
            kind, name = log.types[each // width], names[each % width] if names else ""
            if names is TOPICS:
                yield Step(kind, topic=name), key == each
            elif name:
                about = {"category": name} if names is log.categories else {"placement": name}
                yield Step(kind, **about), key == each


def _left_from(step: Step, here: Flags, checked: _Checked, visits: Visits, people: int) -> LeftFrom:
    exits = checked.visit[here & checked.is_exit]
    times, left = int(here.sum()), len(exits)
    expected = float(checked.expected[here].mean())
    return LeftFrom(
        step,
        times,
        left,
        people,
        int(visits.worth_micros[exits].sum()),
        expected,
        (left / times, *interval(left, times)),
        at_least(left, times, expected),
        is_clear=False,
    )
