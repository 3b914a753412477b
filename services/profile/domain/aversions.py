"""What speaks against families, categories and brands without anybody having said so.

Evidence is kept piece by piece, the newest of each subject, so that a purchase or a stated like
takes back just what lies before it, in whatever order the events arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from services.profile.domain.event import DAY_US, Event

HALF_LIFE_US = 30 * DAY_US
MAX_EVIDENCE = 16
MAX_SUBJECTS = 100
"""Of each kind."""
MAX_SHOWN = 64
HARDLY = 0.1
"""A strength below this is not worth telling."""


class Kind(IntEnum):
    """What a subject is."""

    FAMILY = 1
    CATEGORY = 2
    BRAND = 3


class Way(IntEnum):
    """How somebody showed it."""

    DECLINED = 1
    RETURNED = 2
    IGNORED = 3


_WAYS: Mapping[str, Way] = MappingProxyType(
    {"decline": Way.DECLINED, "return": Way.RETURNED, "ignore": Way.IGNORED}
)
WEIGHTS: Mapping[Kind, Mapping[int, float]] = MappingProxyType(
    {
        Kind.FAMILY: {Way.DECLINED: 1.0, Way.RETURNED: 1.0, Way.IGNORED: 0.12},
        Kind.CATEGORY: {Way.DECLINED: 0.25, Way.RETURNED: 0.15, Way.IGNORED: 0.05},
        Kind.BRAND: {Way.DECLINED: 0.25, Way.RETURNED: 0.35, Way.IGNORED: 0.05},
    }
)
"""How much one piece says: most of the very thing, less of its category and its brand.

One decline makes 0.5 of its family and 0.16 of its category; one time ignored makes 0.08 of the
family, which is not told, and five times 0.34.
"""

Subject = tuple[Kind, str]
"""A kind, and the number of the family, the path of the category or the name of the brand."""
Evidence = tuple[tuple[int, int], ...]
"""(time, way) ascending."""
Aversions = dict[Subject, Evidence]


class Aversion(NamedTuple):
    """A soft dislike."""

    subject: str
    strength: float
    """0 to 1."""


def note(aversions: Aversions, event: Event) -> None:
    """Add what a decline, a return or an offer ignored says."""
    piece = (event.time_us, int(_WAYS[event.type]))
    family_no = event.family_no or event.offer_no
    if family_no:
        _add(aversions, (Kind.FAMILY, str(family_no)), piece)
    if event.category:
        _add(aversions, (Kind.CATEGORY, event.category), piece)
    if event.brand:
        _add(aversions, (Kind.BRAND, event.brand), piece)


def merge(into: Aversions, other: Aversions) -> None:
    for subject, more in other.items():
        into[subject] = _newest((*into.get(subject, ()), *more))


def prune(aversions: Aversions) -> None:
    """Keep of each kind the subjects with the newest evidence."""
    if len(aversions) <= MAX_SUBJECTS:
        return
    newest = sorted(aversions, key=lambda s: (aversions[s][-1], s), reverse=True)
    left = dict.fromkeys(Kind, MAX_SUBJECTS)
    for subject in newest:
        left[subject[0]] -= 1
        if left[subject[0]] < 0:
            del aversions[subject]


def soft_dislikes(
    aversions: Aversions, kind: Kind, counts_from_us: Callable[[str], int], now_us: int
) -> list[Aversion]:
    """Return the subjects of a kind that are softly disliked, strongest first.

    The strength is 1 - 2^-w, w the sum of the weights of the evidence, each halved every 30 days.
    `counts_from_us` says from when on evidence against a subject counts: what lies before a
    purchase or a stated like does not.
    """
    weights = WEIGHTS[kind]
    found = []
    for (its_kind, subject), evidence in aversions.items():
        if its_kind == kind:
            from_us = counts_from_us(subject)
            weight = sum(
                weights[way] * _faded(now_us - time_us)
                for time_us, way in evidence
                if time_us >= from_us
            )
            strength = 1.0 - 2.0**-weight
            if strength >= HARDLY:
                found.append(Aversion(subject, strength))
    found.sort(key=lambda aversion: (-aversion.strength, aversion.subject))
    return found[:MAX_SHOWN]


def _faded(age_us: int) -> float:
    return float(2.0 ** (-max(age_us, 0) / HALF_LIFE_US))


def _add(aversions: Aversions, subject: Subject, piece: tuple[int, int]) -> None:
    aversions[subject] = _newest((*aversions.get(subject, ()), piece))


def _newest(evidence: Evidence) -> Evidence:
    return tuple(sorted(evidence)[-MAX_EVIDENCE:])
