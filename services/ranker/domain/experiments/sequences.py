"""Intervals that may be looked at every day: valid at all times together, not at one alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from services.ranker.domain.experiments.samples import Difference

ALPHA = 0.05
TUNED_FOR = 10_000
"""People at whom intervals are narrowest; at a tenth and at ten times as many they are some fifth
wider than they could be. A constant, because what is chosen after the first look is not valid."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What a difference may be."""

    low: float
    high: float
    p_value: float
    """The smallest alpha at which 0 is outside."""

    @property
    def is_significant(self) -> bool:
        """Whether 0 is outside."""
        return self.low > 0.0 or self.high < 0.0


def fixed(found: Difference, alpha: float = ALPHA) -> Interval:
    """Return the interval for one look at a time that was set before: normal approximation."""
    if not _is_known(found):
        return _ANYTHING
    normal = NormalDist()
    reach = normal.inv_cdf(1.0 - alpha / 2.0) * found.error
    p_value = 2.0 * normal.cdf(-abs(found.value) / found.error)
    return Interval(found.value - reach, found.value + reach, p_value)


def always_valid(
    found: Difference, alpha: float = ALPHA, *, tuned_for: int = TUNED_FOR
) -> Interval:
    """Return the interval that holds the truth at all looks together with probability 1 - alpha.

    An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform
    central limit theory and asymptotic confidence sequences", Annals of Statistics 2024, theorem
    2.2): whoever stops as soon as 0 is outside is wrong no more often than alpha says. People are
    what is counted; that those who came early go on being measured is beyond the theorem, and was
    tried by simulation.
    """
    if not _is_known(found):
        return _ANYTHING
    information = found.people * _mixing(tuned_for)
    widening = (information + 1.0) / information
    reach = found.error * math.sqrt(2.0 * widening * math.log(math.sqrt(information + 1.0) / alpha))
    log_p = 0.5 * math.log(information + 1.0) - (found.value / found.error) ** 2 / (2.0 * widening)
    return Interval(found.value - reach, found.value + reach, math.exp(min(0.0, log_p)))


_ANYTHING = Interval(-math.inf, math.inf, 1.0)


def _is_known(found: Difference) -> bool:
    return math.isfinite(found.error) and found.error > 0.0


def _mixing(tuned_for: int) -> float:
    """Return the variance of the mixture whose intervals are narrowest at so many people.

    Always that of `ALPHA`: what is compared at several levels is compared by one sequence.
    """
    width = -2.0 * math.log(ALPHA)
    return (width + math.log(width + 1.0)) / tuned_for
