"""What passed between a person and the offers: the part of the snapshot that rules look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from services.rules.domain.values import BoolColumn

Numbers = npt.NDArray[np.int64]


def _none() -> Numbers:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Purchases:
    """What was bought and kept, by family; columns of equal length."""

    family_nos: Numbers = field(default_factory=_none)
    last_minutes: Sequence[int] = ()
    """Last purchase, minutes since 1970."""
    times: Sequence[int] = ()
    """Days on which it was bought."""
    cycle_days: Sequence[float] = ()
    """Median days between purchases; 0: fewer than three."""


@dataclass(frozen=True, slots=True)
class Declines:
    """What was turned down; columns of equal length, newest first."""

    family_nos: Numbers = field(default_factory=_none)
    """Family of an item; for every other offer its own number."""
    times_us: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Dislikes:
    """What is not wanted, until taken back."""

    family_nos: Numbers = field(default_factory=_none)
    categories: Sequence[str] = ()
    brands: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not (len(self.family_nos) or self.categories or self.brands)


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Everything about one person (or nobody) that `history` is computed from."""

    purchases: Purchases = field(default_factory=Purchases)
    declines: Declines = field(default_factory=Declines)
    dislikes: Dislikes = field(default_factory=Dislikes)
    cart_nos: Numbers = field(default_factory=_none)
    """Catalogue numbers of what lies in the cart."""
    surveys_done: Sequence[int] = ()
    """Catalogue numbers of surveys that have nothing left to ask."""
    surveys_answered: Mapping[int, int] = field(default_factory=dict)
    """When each survey was last answered or skipped as a whole, microseconds, by its number."""


NOBODY = PersonFacts()


class Lookup:
    """Where a number stands in a column; sorted once, then searched."""

    def __init__(self, column: Numbers) -> None:
        self._order = np.argsort(column, kind="stable")
        self._sorted = column[self._order]

    def places(self, wanted: Numbers) -> Numbers:
        """Return where each wanted number stands first in the column, -1 where it does not."""
        if not len(self._sorted) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        found = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        return np.where(self._sorted[found] == wanted, self._order[found], -1)


def among(wanted: npt.NDArray[np.integer[Any]], numbers: Sequence[int] | Numbers) -> BoolColumn:
    """Return which of the wanted numbers are among a few."""
    found = np.zeros(len(wanted), np.bool_)
    if len(numbers) > _FEW:
        found[:] = Lookup(np.asarray(numbers, np.int64)).places(wanted.astype(np.int64)) >= 0
        return found
    for number in numbers:
        found |= wanted == number
    return found


_FEW = 8
"""Up to so many, comparing with each is faster than sorting."""
