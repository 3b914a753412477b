"""Arbitration: acceptance probability x value x lever, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MICROS = 1e6
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of candidates before anything is learned; columns of shape (candidates,)."""

    prior: Column
    """Acceptance probability of kind and source, before the evidence."""
    probability: Column
    """Acceptance probability, 0 to 1."""
    value: Column
    """Worth when accepted, in units of the currency."""
    lever: Column

    @property
    def stake(self) -> Column:
        """What a score is per unit of probability."""
        return self.value * self.lever


def assume(
    prior: Column, strength: Column, value_micros: NDArray[np.int64], lever: Column
) -> Assumed:
    """Return what is assumed; `strength` of the evidence (0 to 1) scales the prior probability.

    A value that is not known or negative counts as nothing: it is never worth proposing.
    """
    # np.clip does the same at three times the cost.
    probability = prior * np.minimum(np.maximum(strength, 0.0), 1.0)
    return Assumed(prior, probability, np.maximum(value_micros, 0) / MICROS, lever)
