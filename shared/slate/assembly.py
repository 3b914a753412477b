"""Assembles the slate of a page: the best candidates of every placement under constraints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPARE = 10
"""How many of the next best are told, to replace what a race refuses."""


@dataclass(frozen=True, slots=True)
class Place:
    """One placement to be filled."""

    limit: int
    standing: Sequence[int] = ()
    """Candidates whose order stands or leads, best first."""
    exact: bool = False
    """Nothing but the standing ones may be shown."""


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """At most so many candidates of one group (a category, a brand, a kind)."""

    groups: Sequence[int]
    """The group of each candidate; 0: does not count."""
    at_most: int
    place: int = -1
    """The placement it holds for; negative: all placements together."""


class _Shown(NamedTuple):
    """A limit, and how many of each of its groups are shown."""

    groups: Sequence[int]
    at_most: int
    counts: dict[int, int]


@dataclass(frozen=True, slots=True)
class Slate:
    """What one placement shows, as candidate indexes, best first."""

    chosen: list[int]
    following: list[int] = field(default_factory=list)


def assemble(
    scores: NDArray[np.float64],
    place_bits: NDArray[np.uint32],
    families: NDArray[np.integer],
    places: Sequence[Place],
    limits: Sequence[GroupLimit] = (),
) -> list[Slate]:
    """Fill the placements in their order, greedily by score; no family is shown twice on the page.

    `scores`, `place_bits` (bit i: may fill placement i) and `families` are of shape (candidates,);
    family 0 is none. A standing order goes before any score.
    """
    order = (-scores).argsort(kind="stable")
    bits = place_bits[order]
    page = _Page(families.tolist(), limits)
    ranked = [
        _ranked(order[(bits & (1 << index)) != 0].tolist(), place)
        for index, place in enumerate(places)
    ]
    chosen = [page.fill(ranked[index], index, place.limit) for index, place in enumerate(places)]
    return [Slate(chosen[index], page.spare(ranked[index], index)) for index in range(len(places))]


def _ranked(allowed: list[int], place: Place) -> list[int]:
    """Put what stands before the others; `allowed` may fill the place, best first."""
    if not place.standing and not place.exact:
        return allowed
    may_fill = set(allowed)
    leading = [candidate for candidate in place.standing if candidate in may_fill]
    if place.exact:
        return leading
    may_fill.difference_update(leading)
    return leading + [candidate for candidate in allowed if candidate in may_fill]


class _Page:
    """What has been shown so far, and what that forbids."""

    __slots__ = ("_families", "_limits", "_shown")

    def __init__(self, families: list[int], limits: Sequence[GroupLimit]) -> None:
        self._families = families
        self._limits = [(limit, _Shown(limit.groups, limit.at_most, {})) for limit in limits]
        self._shown: set[int] = set()

    def fill(self, ranked: Sequence[int], place: int, count: int) -> list[int]:
        """Show the best that are admitted, each making it narrower for those after it."""
        limits = self._holding_for(place)
        chosen: list[int] = []
        for candidate in ranked:
            if len(chosen) == count:
                break
            if self._admits(candidate, limits):
                chosen.append(candidate)
                self._take(candidate, limits)
        return chosen

    def spare(self, ranked: Sequence[int], place: int) -> list[int]:
        """Return the best that any one place could still be filled with."""
        limits = self._holding_for(place)
        following: list[int] = []
        for candidate in ranked:
            if len(following) == SPARE:
                break
            if self._admits(candidate, limits):
                following.append(candidate)
        return following

    def _holding_for(self, place: int) -> list[_Shown]:
        return [shown for limit, shown in self._limits if limit.place in (-1, place)]

    def _admits(self, candidate: int, limits: Sequence[_Shown]) -> bool:
        if self._key(candidate) in self._shown:
            return False
        for groups, at_most, counts in limits:
            group = groups[candidate]
            if group and counts.get(group, 0) >= at_most:
                return False
        return True

    def _take(self, candidate: int, limits: Sequence[_Shown]) -> None:
        self._shown.add(self._key(candidate))
        for groups, _, counts in limits:
            group = groups[candidate]
            counts[group] = counts.get(group, 0) + 1

    def _key(self, candidate: int) -> int:
        """Return the family, or for a candidate without one what stands for itself alone."""
        return self._families[candidate] or -1 - candidate
