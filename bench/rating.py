"""Finds the highest rate that a system sustains."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

Probe = Callable[[float], Awaitable[bool]]
"""Runs at a rate (requests/s) and says whether it was sustained."""

STEP = 1.2
"""From one rate to the next until one is sustained and one is not."""
PRECISION = 1.05
"""The rate that was not sustained lies at most this far above the one that was."""
LOWEST_RPS = 1.0


async def rated(probe: Probe, guess: float) -> float:
    """Return the highest rate found to be sustained; 0 when none is.

    Bisects on a scale of ratios. A rate counts as sustained when one of two tries is: what else
    runs on the machine can only take from what the system is able to do.
    """
    low, high, rate = 0.0, math.inf, guess
    while rate >= LOWEST_RPS:
        if await probe(rate) or await probe(rate):
            low = rate
        else:
            high = rate
        if low and high / low <= PRECISION:
            return low
        rate = _between(low, high)
    return low


def _between(low: float, high: float) -> float:
    if not low:
        return high / STEP
    if math.isinf(high):
        return low * STEP
    return math.sqrt(low * high)
