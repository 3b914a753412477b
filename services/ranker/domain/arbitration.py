"""Arbitration: acceptance probability x value x lever, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MICROS = 1e6
Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """How the values of candidates were converted; columns of shape (candidates,)."""

    rate: Column
    """What one unit of the candidate's currency is worth in the base; 0: nobody knows."""
    currency_no: NDArray[np.int32]
    currencies: Sequence[str]
    """By number."""
    base: str
    as_of: str
    """The day of which the rates are."""

    def told(self, at: int) -> str:
        """Return in words how a value was converted; empty where it was in the base already."""
        currency = self.currencies[self.currency_no[at]]
        if currency in ("", self.base):
            return ""
        if not self.rate[at]:
            return f"nothing, as no rate of {currency} is known"
        return f"at {self.rate[at]:.6g} {self.base} for 1 {currency} as of {self.as_of}"


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed of candidates before anything is learned; columns of shape (candidates,)."""

    prior: Column
    """Acceptance probability of kind and source, before the evidence."""
    probability: Column
    """Acceptance probability, 0 to 1."""
    value: Column
    """Worth when accepted, in units of the base currency."""
    lever: Column
    exchanged: Exchanged | None = None
    """How values came to be in the base currency; None: they were."""
    levers: Sequence[tuple[str, Column]] = ()
    """What the lever is the product of, in words; empty: of nothing else."""

    def lever_told(self, at: int) -> str:
        """Return in words what a lever is made of, as far as anything of it is not neutral."""
        parts = [f"{lever[at]:g} {of}" for of, lever in self.levers if lever[at] != 1.0]
        told = f"lever {self.lever[at]:g}"
        return f"{told}: {' x '.join(parts)}" if parts else told

    @property
    def stake(self) -> Column:
        """What a score is per unit of probability."""
        return self.value * self.lever


def assume(
    prior: Column,
    strength: Column,
    value_micros: NDArray[np.int64],
    levers: Sequence[tuple[str, Column]] = (),
    exchanged: Exchanged | None = None,
) -> Assumed:
    """Return what is assumed; `strength` of the evidence (0 to 1) scales the prior probability.

    `levers` multiply, each with what it is in words.

    A value that is not known or negative counts as nothing: it is never worth proposing.
    """
    # np.clip does the same at three times the cost.
    probability = prior * np.minimum(np.maximum(strength, 0.0), 1.0)
    value = np.maximum(value_micros, 0) / MICROS
    if exchanged is not None:
        value *= exchanged.rate
    lever = np.ones(len(value))
    for _, each in levers:
        lever *= each
    return Assumed(prior, probability, value, lever, exchanged, levers)
