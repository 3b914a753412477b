"""Whether people were shared out as they should have been (sample ratio mismatch)."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISMATCH = 0.001
"""Below it no result is to be believed before the reason is found."""
_STRENGTH = 300.0
"""How near to the planned shares an alternative is believed to be, in people: faults of sharing out
move some per cent of the people, not half of them."""


def mismatch_p_value(people: Sequence[int], shares: Sequence[float]) -> float:
    """Return how likely it is, at any of all looks, that people differ so much from their shares.

    `shares` are planned, above 0, and need not add up to 1. An always valid p-value: 1 over the
    Bayes factor of a Dirichlet around the shares against the shares themselves (Lindon & Malek,
    "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022); a chi-square test that is
    looked at daily raises a false alarm sooner or later.
    """
    total, whole = sum(people), math.fsum(shares)
    log_factor = math.lgamma(_STRENGTH) - math.lgamma(_STRENGTH + total)
    for count, share in zip(people, shares, strict=True):
        planned = share / whole
        log_factor += math.lgamma(_STRENGTH * planned + count) - math.lgamma(_STRENGTH * planned)
        log_factor -= count * math.log(planned)
    return math.exp(min(0.0, -log_factor))
