"""What distinguishes people of one kind from all others: shares and lifts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import NamedTuple

from services.profile.domain.event import SEPARATOR
from services.profile.domain.personas.mixture import Mixture
from services.profile.domain.personas.sample import CATEGORIES
from services.profile.domain.personas.table import OTHERS, Table

_MAX_TOLD = 12
_MORE, _LESS = 1.25, 0.8
"""Lifts between them distinguish nobody."""


class Distinction(NamedTuple):
    """Something that people of a kind do, or are, more or less than all others."""

    family: str
    value: str
    share: float
    """Of it among people of the kind, above 0, at most 1."""
    rest_share: float
    """Of it among all others."""

    @property
    def lift(self) -> float:
        return self.share / self.rest_share

    @property
    def strength(self) -> float:
        """Return how much it tells of the kind: its part of the Kullback-Leibler divergence."""
        return self.share * log(self.lift)


def compare(table: Table, mixture: Mixture, kind: int) -> list[Distinction]:
    """Return all that one kind could differ in from the others, in families that it is told by."""
    own = mixture.cells[kind]
    others = [each for each in range(mixture.kinds) if each != kind]
    weights = mixture.weights[others]
    rest = weights @ mixture.cells[others] / weights.sum()
    return [
        Distinction(family.name, label, float(own[column]), float(rest[column]))
        for family in table.families
        if mixture.told[kind, family.columns].any()
        for column, label in enumerate(family.labels, family.columns.start)
        if label != OTHERS
    ]


def levels(found: Iterable[Distinction]) -> list[Distinction]:
    """Return the categories with all those above them, each with the shares of all within it."""
    shares: defaultdict[str, float] = defaultdict(float)
    rest: defaultdict[str, float] = defaultdict(float)
    for each in found:
        path = each.value if each.family == CATEGORIES else ""
        while path:
            shares[path] += each.share
            rest[path] += each.rest_share
            path = path.rpartition(SEPARATOR)[0]
    return [Distinction(CATEGORIES, path, shares[path], rest[path]) for path in sorted(shares)]


def by_strength(each: Distinction) -> tuple[float, int]:
    """Sort by it: the strongest first, and of a category and its only part the part."""
    return -abs(round(each.strength, 6)), -each.value.count(SEPARATOR)


def strongest(found: Sequence[Distinction]) -> tuple[Distinction, ...]:
    """Return what distinguishes most, the strongest first.

    Categories are told at the level that says most: what lies within one that is told already is
    left out.
    """
    others = (each for each in found if each.family != CATEGORIES)
    ordered = sorted((*levels(found), *others), key=by_strength)
    told: list[Distinction] = []
    for each in ordered:
        if _LESS < each.lift < _MORE or any(_is_same(each, other) for other in told):
            continue
        told.append(each)
    return tuple(told[:_MAX_TOLD])


def is_within(path: str, above: str) -> bool:
    return (path + SEPARATOR).startswith(above + SEPARATOR)


def _is_same(one: Distinction, other: Distinction) -> bool:
    """Say whether both are categories of which one lies within the other."""
    return one.family == other.family == CATEGORIES and (
        is_within(one.value, other.value) or is_within(other.value, one.value)
    )
