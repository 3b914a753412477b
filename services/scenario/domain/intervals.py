"""How sure it is that two groups differ in the share that did something."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z = 1.959963984540054
"""Standard deviations to either side that hold 95%."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A share less another, and the interval that holds it with a probability of 95%."""

    value: float
    low: float
    high: float


def wilson(did: int, people: int) -> tuple[float, float]:
    """Return the bounds of a share by Wilson's score interval (1927), from 0 to 1.

    There must be people.
    """
    share, spread = did / people, _Z * _Z / people
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / people + spread / (4 * people)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def difference(did: int, people: int, others_did: int, others: int) -> Difference:
    """Return the share of some people who did something, less that of others.

    Newcombe's hybrid score interval (1998, method 10), which holds for few people and shares near 0
    as well. There must be people and others.
    """
    low, high = wilson(did, people)
    others_low, others_high = wilson(others_did, others)
    share, others_share = did / people, others_did / others
    value = share - others_share
    return Difference(
        value,
        value - math.hypot(share - low, others_high - others_share),
        value + math.hypot(high - share, others_share - others_low),
    )
