"""Estimates with 95% intervals from the influence of each unit on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Units = NDArray[np.intp]
"""The unit of each row, numbered from 0 without gaps; rows of one unit may depend on each other."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95% interval; both ends infinite: nothing is known of its spread."""

    value: float
    low: float
    high: float

    def widened(self, below: float, above: float) -> Estimate:
        """Return it with an interval that reaches further by so much."""
        return Estimate(self.value, self.low - below, self.high + above)

    def holds(self, truth: float) -> bool:
        """Return whether the truth lies within."""
        return self.low <= truth <= self.high


def mean_of(values: Column, units: Units, counts: Column | None = None) -> Estimate:
    """Return the mean of rows, each of which stands for as many as `counts` says."""
    if counts is None:
        return ratio_of(values, np.ones(len(values)), units)
    return ratio_of(values * counts, counts, units)


def ratio_of(above: Column, below: Column, units: Units) -> Estimate:
    """Return the ratio of two sums; its interval by linearisation over units (Cochran 1977)."""
    total = float(below.sum())
    value = float(above.sum()) / total
    influence = np.bincount(units, above - value * below) / total
    count = len(influence)
    if count < 2:
        return Estimate(value, -math.inf, math.inf)
    spread = math.sqrt(float(np.square(influence).sum()) * count / (count - 1))
    half = student_t(_degrees(influence)) * spread
    return Estimate(value, value - half, value + half)


def _degrees(influence: Column) -> float:
    """Return the degrees of freedom of the variance: few where few units weigh in.

    2 σ⁴ over the variance of the variance, by the fourth moment (Satterthwaite 1946).
    """
    squares = np.square(influence)
    total = float(squares.sum())
    if total <= 0.0:
        return math.inf
    excess = float(np.square(squares).sum()) / total**2 - 1.0 / len(squares)
    return max(1.0, 2.0 / excess) if excess > 0.0 else math.inf


def student_t(degrees: float) -> float:
    """Return the 97.5% quantile of Student's t (Hill, "Algorithm 396", 1970, its expansion)."""
    z = _NORMAL
    if degrees < _FEW_DEGREES:
        return float(np.interp(degrees, *_QUANTILES))
    g1 = (z**3 + z) / 4.0
    g2 = (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0
    g3 = (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0
    return float(z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3)


_NORMAL: Final = 1.959963984540054
_FEW_DEGREES: Final = 5.0
_QUANTILES: Final = ([1.0, 2.0, 3.0, 4.0, 5.0], [12.7062, 4.3027, 3.1824, 2.7764, 2.5706])
"""Exact where the expansion is not: degrees of freedom, and their quantiles."""
