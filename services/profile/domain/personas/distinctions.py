"""What distinguishes people of one kind from all others: shares and lifts."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from services.profile.domain.personas.mixture import Mixture
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


def strongest(found: Sequence[Distinction]) -> tuple[Distinction, ...]:
    """Return what distinguishes most, the strongest first."""
    telling = [each for each in found if not _LESS < each.lift < _MORE]
    telling.sort(key=lambda each: -abs(each.strength))
    return tuple(telling[:_MAX_TOLD])
