"""Arbitration: acceptance probability x value x lever, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MICROS = 1e6
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arbitration:
    """Columns of shape (candidates,)."""

    prior: Column
    """Acceptance probability of kind and source, before the evidence."""
    probability: Column
    """Acceptance probability, 0 to 1."""
    value: Column
    """Worth when accepted, in units of the currency."""
    lever: Column
    score: Column
    """probability x value x lever, in units of the currency."""

    def parts(self, at: int) -> tuple[float, float, float]:
        """Return what prior, evidence and lever each add to the score of one candidate.

        Telescoped, so that they add up: prior x value; what the strength of the evidence changes
        of it; what the lever changes of that.
        """
        assumed = float(self.prior[at] * self.value[at])
        expected = float(self.probability[at] * self.value[at])
        return assumed, expected - assumed, float(self.score[at]) - expected


def arbitrate(
    prior: Column, strength: Column, value_micros: NDArray[np.int64], lever: Column
) -> Arbitration:
    """Score candidates; `strength` of the evidence (0 to 1) scales the prior probability.

    A value that is not known or negative counts as nothing: it is never worth proposing.
    """
    # np.clip does the same at three times the cost.
    probability = prior * np.minimum(np.maximum(strength, 0.0), 1.0)
    value = np.maximum(value_micros, 0) / MICROS
    return Arbitration(prior, probability, value, lever, probability * value * lever)
