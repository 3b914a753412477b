"""Fixed shares of the slates: whose turn it is, by the seed of the decision.

The shares of a request lie end to end on a line, and the seed says which point of it a decision is
at. So each gets just its share of all seeds, and no two of one placement the same slate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.slate.demands import Cause, Place, Seat

LINE: Final = 10**9
"""How long the line is: shares are told apart to the billionth."""
_WORD: Final = 0xFFFF_FFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True)
class Portion:
    """Candidates of which one is shown in a fixed share of the slates, and in the others none."""

    place: int
    members: Sequence[int]
    length: int
    """Its share as a stretch of the line, 1 to LINE."""
    position: int
    """From 0."""
    cause: Cause


class Turn(NamedTuple):
    """A stretch of the line on which the same shares have their turn."""

    end: int
    weight: float
    """The probability that a decision is on it."""
    places: Sequence[Place]


def turns(
    places: Sequence[Place], portions: Sequence[Portion], lasting: Collection[int] = ()
) -> list[Turn]:
    """Return what the placements are on each stretch of the line; the weights add up to 1.

    `lasting` are candidates that are never barred: a journey proposes them.
    """
    stretches = _stretches(portions)
    cuts = sorted({0, LINE, *(cut for stretch in stretches for cut in stretch)})
    matters = [bool(each.members) and not places[each.place].exact for each in portions]
    found: list[tuple[list[bool], int]] = []
    for begin, end in pairwise(cuts):
        on = [
            does and _covers(stretch, begin)
            for does, stretch in zip(matters, stretches, strict=True)
        ]
        if found and found[-1][0] == on:
            found.pop()
        found.append((on, end))
    ends = [0, *(end for _, end in found)]
    return [
        Turn(end, (end - begin) / LINE, _placed(places, portions, on, lasting))
        for (on, end), begin in zip(found, ends, strict=False)
    ]


def point_of(seed: int) -> int:
    """Return where on the line a decision is, from 0 to just before its end.

    The second output of SplitMix64 (Steele 2014): the draws of the scores use the first, and whose
    turn it is must not depend on them.
    """
    mixed = (seed + 2 * 0x9E3779B97F4A7C15) & _WORD
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _WORD
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _WORD
    return (mixed ^ mixed >> 31) * LINE >> 64


def turn_of(found: Sequence[Turn], seed: int) -> Turn:
    """Return the stretch that a decision is on."""
    point = point_of(seed)
    return next(turn for turn in found if point < turn.end)


def mixed_shares(
    found: Sequence[Turn], shares: Sequence[Sequence[NDArray[np.float64]]]
) -> list[NDArray[np.float64]]:
    """Return the shares over all stretches by placement; `shares[i]` are those of `found[i]`."""
    mixed = []
    for columns in zip(*shares, strict=True):
        weighed = [turn.weight * column for turn, column in zip(found, columns, strict=True)]
        mixed.append(np.sum(weighed, axis=0))
    return mixed


def _stretches(portions: Sequence[Portion]) -> list[tuple[int, int]]:
    """Return where each begins and ends; one that ends before it begins goes over the end."""
    at = 0
    found = []
    for portion in portions:
        end = at + portion.length
        found.append((at, end if end <= LINE else end - LINE))
        at = end % LINE
    return found


def _covers(stretch: tuple[int, int], point: int) -> bool:
    begin, end = stretch
    return begin <= point < end if begin < end else point >= begin or point < end


def _placed(
    places: Sequence[Place],
    portions: Sequence[Portion],
    on: Sequence[bool],
    lasting: Collection[int],
) -> list[Place]:
    made = list(places)
    for portion, is_on in zip(portions, on, strict=True):
        place = made[portion.place]
        if is_on:
            seat = Seat(portion.position, portion.members, portion.cause)
            made[portion.place] = replace(place, seats=(*place.seats, seat))
        else:
            barred = frozenset(portion.members).difference(lasting)
            made[portion.place] = replace(place, barred=place.barred | barred)
    return made
