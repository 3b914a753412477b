"""The demands on a slate over many draws at once: what each draw may show no longer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.slate.demands import Demand, Diversity, Exclusion, GroupLimit

Mask = NDArray[np.bool_]
Picks = NDArray[np.intp]


class Closing(Protocol):
    """A demand that only ever closes: what it forbids once it forbids to the end."""

    place: int

    def take(self, live: Mask, picks: Picks) -> Mask | None:
        """Count what the live draws show; returns what that closes in each, None: nothing."""
        ...

    def closed(self) -> Mask | None:
        """Return all that is closed, shape (draws, candidates); None: nothing."""
        ...


class _Counts:
    """A limit, with how many of each of its groups every draw shows."""

    def __init__(self, limit: GroupLimit, draws: int) -> None:
        self.place = limit.place
        self._at_most = limit.at_most
        self._groups, count = _numbered(limit.groups)
        self._shown = np.zeros((draws, count), np.int32)
        self._every = np.arange(draws)
        self._is_touched = self._at_most <= 0

    def take(self, live: Mask, picks: Picks) -> Mask | None:
        groups = self._groups[picks]
        shown = self._shown[self._every, groups] + live
        self._shown[self._every, groups] = shown
        full = (shown >= self._at_most) & (groups > 0) & live
        if not full.any():
            return None
        self._is_touched = True
        out: Mask = full[:, None] & (self._groups[None, :] == groups[:, None])
        return out

    def closed(self) -> Mask | None:
        if not self._is_touched:
            return None
        full = self._shown >= self._at_most
        full[:, 0] = False
        closed: Mask = full[:, self._groups]
        return closed


class _Sides:
    """An exclusion, with the sides that every draw shows."""

    def __init__(self, exclusion: Exclusion, draws: int) -> None:
        self.place = exclusion.place
        sides = np.array(exclusion.sides, np.uint8)
        self._sides = sides
        self._opposite = (sides << 1 | sides >> 1) & 3
        self._shown = np.zeros(draws, np.uint8)

    def take(self, live: Mask, picks: Picks) -> Mask | None:
        shown = self._sides[picks] * live
        if not shown.any():
            return None
        self._shown |= shown
        out: Mask = (shown[:, None] & self._opposite[None, :]) != 0
        return out

    def closed(self) -> Mask | None:
        if not self._shown.any():
            return None
        closed: Mask = (self._shown[:, None] & self._opposite[None, :]) != 0
        return closed


class Varying:
    """A diversity: it closes what would repeat, and opens it again behind its last position."""

    def __init__(self, diversity: Diversity, draws: int) -> None:
        self.place, self.first = diversity.place, diversity.first
        self._groups, count = _numbered(diversity.groups)
        self._left = np.full(draws, diversity.repeats)
        self._shown = np.zeros((draws, count), np.bool_)
        self._every = np.arange(draws)

    @property
    def is_spent(self) -> bool:
        """Whether a draw may not repeat anything any more."""
        return bool((self._left <= 0).any())

    def refuses(self, picks: Picks) -> Mask:
        """Say in which draws one candidate would be a repeat too many."""
        refused: Mask = self._shown[self._every, self._groups[picks]] & (self._left <= 0)
        return refused

    def closed(self) -> Mask:
        """Return what would be a repeat too many, shape (draws, candidates)."""
        closed: Mask = self._shown[:, self._groups] & (self._left <= 0)[:, None]
        return closed

    def take(self, live: Mask, picks: Picks) -> None:
        """Count what the live draws show within its positions."""
        groups = self._groups[picks]
        counts = live & (groups > 0)
        self._left -= counts & self._shown[self._every, groups]
        self._shown[self._every, groups] |= counts


def closing(demands: Iterable[Demand], draws: int) -> list[Closing]:
    """Return the limits and exclusions that concern a candidate at all."""
    found: list[Closing] = []
    for demand in demands:
        if isinstance(demand, GroupLimit) and any(demand.groups):
            found.append(_Counts(demand, draws))
        elif isinstance(demand, Exclusion) and any(demand.sides):
            found.append(_Sides(demand, draws))
    return found


def varying(demands: Iterable[Demand], draws: int) -> list[Varying]:
    return [Varying(demand, draws) for demand in demands if isinstance(demand, Diversity)]


def _numbered(groups: Iterable[int]) -> tuple[Picks, int]:
    """Give groups numbers of their own, 0 first: theirs may be out of a whole catalogue."""
    numbers = {0: 0}
    found = [numbers.setdefault(group, len(numbers)) for group in groups]
    return np.array(found, np.intp), len(numbers)
