"""Assembles the slate of a page: the best candidates of every placement under its demands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.slate.demands import Cause, Demand, Diversity, Exclusion, GroupLimit, Place, seated

SPARE = 10
"""How many of the next best are told, to replace what a race refuses."""


@dataclass(frozen=True, slots=True)
class Slate:
    """What one placement shows, as candidate indexes, best first."""

    chosen: list[int]
    following: list[int] = field(default_factory=list)
    causes: list[Cause | None] = field(default_factory=list)
    """For each that is chosen, what decided its place where it was not the scores alone."""


def assemble(
    scores: NDArray[np.float64],
    place_bits: NDArray[np.uint32],
    families: NDArray[np.integer],
    places: Sequence[Place],
    demands: Sequence[Demand] = (),
) -> list[Slate]:
    """Fill the placements in their order, greedily by score; no family is shown twice on the page.

    `scores`, `place_bits` (bit i: may fill placement i) and `families` are of shape (candidates,);
    family 0 is none. Seats go before a standing order, and that before any score. A position that
    nothing may fill is closed up by the seat that comes next.
    """
    order = (-scores).argsort(kind="stable")
    bits = place_bits[order]
    page = _Page(families.tolist(), demands)
    ranked = [
        _ranked(order[(bits & (1 << index)) != 0].tolist(), place)
        for index, place in enumerate(places)
    ]
    kept = [page.reserve(ranked[index], index, place) for index, place in enumerate(places)]
    filled = [
        page.fill(ranked[index], index, place.limit, kept[index])
        for index, place in enumerate(places)
    ]
    return [
        Slate(chosen, page.spare(ranked[index], index), causes)
        for index, (chosen, causes) in enumerate(filled)
    ]


def _ranked(allowed: list[int], place: Place) -> list[int]:
    """Put what stands before the others; `allowed` may fill the place, best first."""
    if not place.standing and not place.exact and not place.barred:
        return allowed
    may_fill = set(allowed)
    leading = [candidate for candidate in place.standing if candidate in may_fill]
    if place.exact:
        return leading
    may_fill.difference_update(leading, place.barred)
    return leading + [candidate for candidate in allowed if candidate in may_fill]


class _Counted:
    """How many of each group of a limit are shown."""

    __slots__ = ("at_most", "cause", "counts", "groups", "place")

    def __init__(self, limit: GroupLimit) -> None:
        self.place, self.groups, self.at_most = limit.place, limit.groups, limit.at_most
        self.cause = limit.cause
        self.counts: dict[int, int] = {}

    def refuses(self, candidate: int, position: int) -> bool:
        group = self.groups[candidate]
        return bool(group) and self.counts.get(group, 0) >= self.at_most

    def take(self, candidate: int, position: int) -> None:
        group = self.groups[candidate]
        self.counts[group] = self.counts.get(group, 0) + 1


class _Varied:
    """Which groups are shown at the head of a placement, and how many repeat one of them."""

    __slots__ = ("cause", "first", "groups", "left", "place", "shown")

    def __init__(self, diversity: Diversity) -> None:
        self.place, self.groups, self.first = diversity.place, diversity.groups, diversity.first
        self.left = diversity.repeats
        self.cause = diversity.cause
        self.shown: set[int] = set()

    def refuses(self, candidate: int, position: int) -> bool:
        return position < self.first and self.left <= 0 and self.groups[candidate] in self.shown

    def take(self, candidate: int, position: int) -> None:
        group = self.groups[candidate]
        if position >= self.first or not group:
            return
        if group in self.shown:
            self.left -= 1
        self.shown.add(group)


class _Opposed:
    """Which sides of an exclusion are shown."""

    __slots__ = ("cause", "place", "shown", "sides")

    def __init__(self, exclusion: Exclusion) -> None:
        self.place, self.sides, self.cause = exclusion.place, exclusion.sides, exclusion.cause
        self.shown = 0

    def refuses(self, candidate: int, position: int) -> bool:
        side = self.sides[candidate]
        return bool((side << 1 | side >> 1) & self.shown)

    def take(self, candidate: int, position: int) -> None:
        self.shown |= self.sides[candidate]


_State = _Counted | _Varied | _Opposed


class _Kept(NamedTuple):
    """A seat that was given to a candidate."""

    position: int
    candidate: int
    cause: Cause


class _Page:
    """What has been shown so far, and what that forbids."""

    __slots__ = ("_families", "_shown", "_states")

    def __init__(self, families: list[int], demands: Sequence[Demand]) -> None:
        self._families = families
        self._states = [_state(demand) for demand in demands]
        self._shown: set[int] = set()

    def reserve(self, ranked: Sequence[int], index: int, place: Place) -> list[_Kept]:
        """Give each seat to the best that may take it; it counts from now on."""
        kept: list[_Kept] = []
        states = self._holding_for(index)
        for seat in seated(place):
            members = frozenset(seat.members)
            for candidate in ranked:
                if candidate in members and self._admits(candidate, seat.position, states):
                    self._take(candidate, seat.position, states)
                    kept.append(_Kept(seat.position, candidate, seat.cause))
                    break
        return kept

    def fill(
        self, ranked: Sequence[int], index: int, count: int, kept: Sequence[_Kept]
    ) -> tuple[list[int], list[Cause | None]]:
        """Show the best that are admitted, each making it narrower for those after it."""
        states = self._holding_for(index)
        varied = [state for state in states if isinstance(state, _Varied)]
        waiting, at = list(kept), 0
        chosen: list[int] = []
        causes: list[Cause | None] = []
        while (position := len(chosen)) < count:
            if any(state.first == position for state in varied):
                at = 0  # what was refused before this position may be shown from here on
            if waiting and waiting[0].position <= position:
                seat = waiting.pop(0)
                chosen.append(seat.candidate)
                causes.append(seat.cause)
                continue
            at, cause = self._next(ranked, at, position, states)
            if at < len(ranked):
                self._take(ranked[at], position, states)
                chosen.append(ranked[at])
                causes.append(cause)
            elif not waiting:
                break
            elif _moves_up(waiting[0], position, varied):
                waiting[0] = waiting[0]._replace(position=position)
            else:
                waiting.pop(0)
        return chosen, causes

    def spare(self, ranked: Sequence[int], index: int) -> list[int]:
        """Return the best that any one place could still be filled with; diversity aside."""
        states = [each for each in self._holding_for(index) if not isinstance(each, _Varied)]
        following: list[int] = []
        for candidate in ranked:
            if len(following) == SPARE:
                break
            if self._admits(candidate, 0, states):
                following.append(candidate)
        return following

    def _next(
        self, ranked: Sequence[int], start: int, position: int, states: Sequence[_State]
    ) -> tuple[int, Cause | None]:
        """Return where the next that is admitted stands, and what kept the first before it away."""
        cause: Cause | None = None
        for at in range(start, len(ranked)):
            candidate = ranked[at]
            if self._key(candidate) in self._shown:
                continue
            refusing = _refusing(states, candidate, position)
            if refusing is None:
                return at, cause
            cause = cause or refusing.cause
        return len(ranked), None

    def _holding_for(self, place: int) -> list[_State]:
        return [state for state in self._states if state.place in (-1, place)]

    def _admits(self, candidate: int, position: int, states: Sequence[_State]) -> bool:
        is_fresh = self._key(candidate) not in self._shown
        return is_fresh and _refusing(states, candidate, position) is None

    def _take(self, candidate: int, position: int, states: Sequence[_State]) -> None:
        self._shown.add(self._key(candidate))
        for state in states:
            state.take(candidate, position)

    def _key(self, candidate: int) -> int:
        """Return the family, or for a candidate without one what stands for itself alone."""
        return self._families[candidate] or -1 - candidate


def _state(demand: Demand) -> _State:
    if isinstance(demand, GroupLimit):
        return _Counted(demand)
    return _Varied(demand) if isinstance(demand, Diversity) else _Opposed(demand)


def _refusing(states: Sequence[_State], candidate: int, position: int) -> _State | None:
    """Return the first that does not let a candidate be shown there."""
    for state in states:
        if state.refuses(candidate, position):
            return state
    return None


def _moves_up(seat: _Kept, position: int, varied: Sequence[_Varied]) -> bool:
    """Let a seat move up to a position that nothing else may fill, unless diversity forbids it."""
    newly = [state for state in varied if position < state.first <= seat.position]
    if any(state.refuses(seat.candidate, position) for state in newly):
        return False
    for state in newly:
        state.take(seat.candidate, position)
    return True
