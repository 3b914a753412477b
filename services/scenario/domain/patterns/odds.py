"""How surely a share is another one than what was to be expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Z: Final = 1.959964
"""Of a 95% interval."""
MISTAKES: Final = 0.01
"""Where nothing is to be found, something is named in so many reports at most."""
_MOST_TERMS = 300
_NEAR = 1e-12
_TINY = 1e-300


def interval(hits: float, tries: float) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927); tries may be an effective number."""
    if tries <= 0.0:
        return 0.0, 1.0
    share = hits / tries
    scale = 1.0 + Z * Z / tries
    middle = (share + Z * Z / (2.0 * tries)) / scale
    half = Z * math.sqrt(share * (1.0 - share) / tries + Z * Z / (4.0 * tries * tries)) / scale
    return max(middle - half, 0.0), min(middle + half, 1.0)


def at_most(hits: float, tries: float, share: float) -> float:
    """Return how probable so few hits or fewer are by chance; both may be effective numbers."""
    if share <= 0.0 or hits >= tries:
        return 1.0
    if share >= 1.0:
        return 0.0
    return _beta_share(1.0 - share, tries - hits, hits + 1.0)


def at_least(hits: float, tries: float, share: float) -> float:
    """Return how probable so many hits or more are by chance."""
    return at_most(tries - hits, tries, 1.0 - share)


def corrected_for(least_p_values: Sequence[float]) -> int:
    """Return how many tests are corrected for: those that can come out at all (Tarone 1990).

    It is given what the p-value of each would be if all spoke for it.
    """
    for tests, least in enumerate(sorted(least_p_values)):
        if least * max(tests, 1) > MISTAKES:
            return max(tests, 1)
    return max(len(least_p_values), 1)


def alikeness(residuals: NDArray[np.float64], variance: float, person: NDArray[np.int32]) -> float:
    """Return how alike what one person does turns out, 0 to 1: the intra-class correlation.

    `residuals` are outcomes less what was to be expected, `variance` their sum of variances.
    """
    if not len(residuals) or variance <= 0.0:
        return 0.0
    of_person = np.bincount(person, weights=residuals)
    spread = float(np.square(of_person).sum()) / variance
    together = crowding(person)
    return min(max((spread - 1.0) / (together - 1.0), 0.0), 1.0) if together > 1.0 else 0.0


def crowding(person: NDArray[np.int32]) -> float:
    """Return how many others of the same person stand beside one on average, itself included."""
    counts = np.bincount(person).astype(np.float64)
    total = counts.sum()
    return float(np.square(counts).sum() / total) if total else 1.0


def _beta_share(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction (Lentz 1976)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_share(1.0 - x, b, a)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
        - math.log(a)
    )
    fraction, upper, lower = 1.0, 1.0, 0.0
    for term in range(_MOST_TERMS):
        half = term // 2
        if term == 0:
            step = 1.0
        elif term % 2 == 0:
            step = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            step = -((a + half) * (a + b + half) * x) / ((a + 2 * half) * (a + 2 * half + 1))
        lower = 1.0 / (1.0 + step * lower or _TINY)
        upper = 1.0 + step / upper or _TINY
        fraction *= lower * upper
        if abs(1.0 - lower * upper) < _NEAR:
            break
    return min(math.exp(log_front) * (fraction - 1.0), 1.0)
