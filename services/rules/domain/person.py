"""What passed between a person and the offers: the part of the snapshot that rules look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

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


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Everything about one person (or nobody) that `history` is computed from."""

    purchases: Purchases = field(default_factory=Purchases)
    declines: Declines = field(default_factory=Declines)
    dislikes: Dislikes = field(default_factory=Dislikes)
    cart_nos: Numbers = field(default_factory=_none)
    """Catalogue numbers of what lies in the cart."""


NOBODY = PersonFacts()


def place_of(wanted: Numbers, among: Numbers) -> Numbers:
    """Return where each wanted number stands first in `among`, -1 where it does not."""
    if not len(among) or not len(wanted):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(among, kind="stable")
    ordered = among[order]
    found = np.minimum(np.searchsorted(ordered, wanted), len(among) - 1)
    return np.where(ordered[found] == wanted, order[found], -1)
