"""How many people something holds for: exactly, or out of a random sample of them."""

from __future__ import annotations

import math
from typing import NamedTuple

_Z = 1.959964
"""Standard deviations to either side that hold 95%."""


class Estimate(NamedTuple):
    """A number of people."""

    people: int
    at_least: int
    at_most: int
    share: float
    """Of everybody, 0 to 1."""


def estimate(found: int, looked_at: int, people: int) -> Estimate:
    """Return how many of all people it holds for, if it does for `found` of those looked at.

    Where not everybody was looked at, the bounds hold the truth with a probability of 95%: Wilson's
    score interval (1927), whose sample counts for more the nearer it is to everybody (finite
    population correction). What was seen is a bound of its own.
    """
    if not people or not looked_at:
        return Estimate(0, 0, 0, 0.0)
    share = found / looked_at
    if looked_at >= people:
        return Estimate(found, found, found, share)
    weight = looked_at * (people - 1) / (people - looked_at)
    spread = _Z * _Z / weight
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / weight + spread / (4 * weight)) / (1 + spread)
    least = max(found, math.floor((middle - half) * people))
    most = min(people - (looked_at - found), math.ceil((middle + half) * people))
    return Estimate(round(share * people), least, max(least, most), share)
