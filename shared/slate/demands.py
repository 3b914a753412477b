"""What a slate must keep to, as the assembly reads it: limits, diversity, exclusions and seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from touchpoint.common.v1.vocabulary_pb2 import SlateCause


class Cause(NamedTuple):
    """What decided a place of a slate, other than the scores."""

    code: SlateCause.Value.ValueType
    rule: str
    """The pin or slate rule, by name."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A position of a placement that is kept for one of several candidates."""

    position: int
    """From 0."""
    members: Sequence[int]
    """The best of these takes it; a pin has one."""
    cause: Cause


@dataclass(frozen=True, slots=True)
class Place:
    """One placement to be filled."""

    limit: int
    standing: Sequence[int] = ()
    """Candidates whose order stands or leads, best first."""
    exact: bool = False
    """Nothing but the standing ones may be shown; seats and bars do not touch it."""
    seats: Sequence[Seat] = ()
    """By position; they are given away before anything else of the page."""
    barred: frozenset[int] = frozenset()
    """Candidates that may not be shown there, unless they stand or lead."""


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """At most so many candidates of one group (a category, a brand, a kind)."""

    groups: Sequence[int]
    """The group of each candidate; 0: does not count."""
    at_most: int
    place: int = -1
    """The placement it holds for; negative: all placements together."""
    rule: str = ""

    @property
    def cause(self) -> Cause:
        return Cause(SlateCause.AT_MOST, self.rule)


@dataclass(frozen=True, slots=True)
class Diversity:
    """Among the first so many of a placement at most so many repeat a group shown there already.

    At least n different groups among the first k is k - n repeats. On a slate that ends before
    its kth place it is the repeats that are limited, not the groups that are demanded.
    """

    groups: Sequence[int]
    """The group of each candidate; 0: like no other."""
    first: int
    repeats: int
    place: int
    rule: str = ""

    @property
    def cause(self) -> Cause:
        return Cause(SlateCause.DIVERSITY, self.rule)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Where something of one side is shown, nothing else of the other side is."""

    sides: Sequence[int]
    """Of each candidate: bit 0 is one side, bit 1 the other."""
    place: int
    rule: str = ""

    @property
    def cause(self) -> Cause:
        return Cause(SlateCause.EXCLUSION, self.rule)


Demand = GroupLimit | Diversity | Exclusion


def seated(place: Place) -> list[Seat]:
    """Return the seats of a placement that are within its limit, by position."""
    if place.exact or not place.seats:
        return []
    within = [seat for seat in place.seats if seat.position < place.limit]
    return sorted(within, key=lambda seat: seat.position)
