"""Assembles the slate of a page: the best candidates of every placement under constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

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

    groups: NDArray[np.int64]
    """(candidates,) the group of each; negative: does not count."""
    at_most: int
    place: int = -1
    """The placement it holds for; negative: all placements together."""


@dataclass(frozen=True, slots=True)
class Slate:
    """What one placement shows, as candidate indexes, best first."""

    chosen: list[int]
    following: list[int] = field(default_factory=list)


def assemble(
    scores: NDArray[np.float64],
    place_bits: NDArray[np.uint32],
    families: NDArray[np.int64],
    places: Sequence[Place],
    limits: Sequence[GroupLimit] = (),
) -> list[Slate]:
    """Fill the placements in their order, greedily by score; no family is shown twice on the page.

    `scores`, `place_bits` (bit i: may fill placement i) and `families` are of shape (candidates,);
    a negative family stands for itself. A standing order goes before any score.
    """
    order = np.argsort(-scores, kind="stable").tolist()
    page = _Page(families, limits)
    ranked = [
        list(_ranked(order, place, (place_bits & np.uint32(1 << index)) != 0))
        for index, place in enumerate(places)
    ]
    chosen = [
        [page.take(at, index) for at in islice(page.admitted(ranked[index], index), place.limit)]
        for index, place in enumerate(places)
    ]
    return [
        Slate(chosen[index], list(islice(page.admitted(ranked[index], index), SPARE)))
        for index in range(len(places))
    ]


def _ranked(order: list[int], place: Place, allowed: NDArray[np.bool_]) -> Iterator[int]:
    leading = [candidate for candidate in place.standing if allowed[candidate]]
    yield from leading
    if not place.exact:
        first = set(leading)
        yield from (at for at in order if allowed[at] and at not in first)


class _Page:
    """What has been shown so far, and what that forbids."""

    __slots__ = ("_counts", "_families", "_limits", "_shown")

    def __init__(self, families: NDArray[np.int64], limits: Sequence[GroupLimit]) -> None:
        self._families = families.tolist()
        self._limits = [(limit, limit.groups.tolist()) for limit in limits]
        self._counts: dict[tuple[int, int], int] = {}
        self._shown: set[int] = set()

    def admitted(self, ranked: Sequence[int], place: int) -> Iterator[int]:
        return (candidate for candidate in ranked if self._admits(candidate, place))

    def take(self, candidate: int, place: int) -> int:
        self._shown.add(self._family(candidate))
        for at, group in self._groups(candidate, place):
            self._counts[at, group] = self._counts.get((at, group), 0) + 1
        return candidate

    def _admits(self, candidate: int, place: int) -> bool:
        return self._family(candidate) not in self._shown and all(
            self._counts.get((at, group), 0) < self._limits[at][0].at_most
            for at, group in self._groups(candidate, place)
        )

    def _groups(self, candidate: int, place: int) -> Iterator[tuple[int, int]]:
        for at, (limit, groups) in enumerate(self._limits):
            if limit.place in (-1, place) and groups[candidate] >= 0:
                yield at, groups[candidate]

    def _family(self, candidate: int) -> int:
        family: int = self._families[candidate]
        return family if family >= 0 else -1 - candidate
