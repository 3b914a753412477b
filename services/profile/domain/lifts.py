"""What makes some people different from all others: each trait's lift, with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_Z = 1.959964
"""Standard deviations to either side that hold 95%."""
MAX_LABELS = 20_000
"""Told apart; whatever comes new after that is left out: nobody reads a table of so many."""
MAX_LIFTS = 200
_FEWEST = 5
"""Of fewer people nothing is said."""


class Lift(NamedTuple):
    """One trait within a group and without."""

    trait: str
    is_share: bool
    """The numbers are shares of people; else means over them."""
    inside: float
    outside: float
    lift: float
    at_least: float
    at_most: float


class Moments(NamedTuple):
    """A number over people: how many it is known of, its sum, and that of its squares."""

    people: int = 0
    total: float = 0.0
    squares: float = 0.0


@dataclass(slots=True)
class Group:
    """What a group of people has."""

    people: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    """Label to how many have it."""
    numbers: dict[str, Moments] = field(default_factory=dict)

    def add(self, labels: Iterable[str], numbers: Iterable[tuple[str, float]]) -> None:
        """Count one more of them, each label once."""
        self.people += 1
        counts = self.labels
        for label in labels:
            if label in counts:
                counts[label] += 1
            elif len(counts) < MAX_LABELS:
                counts[label] = 1
        for name, value in numbers:
            known = self.numbers.get(name, Moments())
            self.numbers[name] = Moments(
                known.people + 1, known.total + value, known.squares + value * value
            )


def lifts(inside: Group, outside: Group) -> list[Lift]:
    """Return how the one group differs from the other, the most telling first.

    The most telling is whose interval stays farthest away from 1, no difference.
    """
    found = [*_of_shares(inside, outside), *_of_means(inside.numbers, outside.numbers)]
    found.sort(key=lambda lift: (-_telling(lift), lift.trait))
    return found[:MAX_LIFTS]


def _telling(lift: Lift) -> float:
    return max(math.log(lift.at_least), -math.log(lift.at_most))


def _of_shares(inside: Group, outside: Group) -> Iterator[Lift]:
    """Yield lifts of labels: a ratio of shares with the interval of Katz et al. (1978).

    Half a person is added everywhere, so that nobody at all is a small number of people.
    """
    if not inside.people or not outside.people:
        return
    for label in inside.labels.keys() | outside.labels.keys():
        mine, theirs = inside.labels.get(label, 0), outside.labels.get(label, 0)
        if mine + theirs < _FEWEST:
            continue
        a, n, b, m = mine + 0.5, inside.people + 1.0, theirs + 0.5, outside.people + 1.0
        deviation = math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
        shares = mine / inside.people, theirs / outside.people
        yield _lift(label, True, shares, (a / n) / (b / m), deviation)


def _of_means(inside: Mapping[str, Moments], outside: Mapping[str, Moments]) -> Iterator[Lift]:
    """Yield lifts of numbers: a ratio of means, its logarithm taken as normal (delta method)."""
    for name in inside.keys() & outside.keys():
        mine, theirs = inside[name], outside[name]
        if min(mine.people, theirs.people) < _FEWEST or min(mine.total, theirs.total) <= 0.0:
            continue
        means = mine.total / mine.people, theirs.total / theirs.people
        deviation = math.sqrt(_log_variance(mine) + _log_variance(theirs))
        yield _lift(name, False, means, means[0] / means[1], deviation)


def _log_variance(known: Moments) -> float:
    """Return the variance of the logarithm of a mean."""
    mean = known.total / known.people
    variance = max(0.0, known.squares / known.people - mean * mean)
    return variance / ((known.people - 1) * mean * mean)


def _lift(
    trait: str, is_share: bool, values: tuple[float, float], lift: float, deviation: float
) -> Lift:
    factor = math.exp(_Z * deviation)
    return Lift(trait, is_share, *values, lift, lift / factor, lift * factor)
