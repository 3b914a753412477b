"""Whether people were shared out as they should have been (sample ratio mismatch)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MISMATCH = 0.001
"""Below it no result is to be believed before the reason is found."""
_STRENGTH = 300.0
"""How near to the planned shares an alternative is believed to be, in people: faults of sharing out
move some per cent of the people, not half of them."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """People who came while the same shares held."""

    people: tuple[int, ...]
    """By group."""
    shares: tuple[float, ...]
    """Planned, at least 0; they need not add up to 1. Nobody is in a group of share 0."""

    @property
    def planned(self) -> tuple[float, ...]:
        """Return the share of each group of those who are in one."""
        whole = math.fsum(self.shares)
        return tuple([share / whole for share in self.shares])


def mismatch_p_value(people: Sequence[int], shares: Sequence[float]) -> float:
    """Return the p-value of one stratum; see `mismatch_of_all`."""
    return mismatch_of_all([Stratum(tuple(people), tuple(shares))])


def mismatch_of_all(strata: Sequence[Stratum]) -> float:
    """Return how likely it is, at any of all looks, that people differ so much from their shares.

    An always valid p-value: 1 over the Bayes factor of a Dirichlet around the shares against the
    shares themselves (Lindon & Malek, "Anytime-Valid Inference for Multinomial Count Data",
    NeurIPS 2022); a chi-square test that is looked at daily raises a false alarm sooner or later.
    Where shares changed, each stratum has a Bayes factor of its own: each is a martingale while its
    people come and stands still while others do, so their product is one too.
    """
    return math.exp(min(0.0, -math.fsum(map(_log_factor, strata))))


def _log_factor(stratum: Stratum) -> float:
    """Return the logarithm of the Bayes factor; groups that nobody can be in tell nothing."""
    planned = stratum.planned
    found = math.lgamma(_STRENGTH) - math.lgamma(_STRENGTH + sum(stratum.people))
    for count, share in zip(stratum.people, planned, strict=True):
        if share > 0.0:
            found += math.lgamma(_STRENGTH * share + count) - math.lgamma(_STRENGTH * share)
            found -= count * math.log(share)
        elif count:
            return math.inf
    return found
