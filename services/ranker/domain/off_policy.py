"""Off-policy evaluation: what another policy would have earned, from what one policy showed.

A policy chose an offer with a logged probability μ, and an answer r came of it. What a policy that
chooses the same offer with probability π earns per showing is estimated from rows (r, μ, π):

- IPS, inverse propensity scoring: mean of w r with w = π / μ (Horvitz & Thompson 1952; for bandits
  Dudík et al., "Doubly Robust Policy Evaluation and Optimization", 2014). Unbiased where μ > 0
  wherever π > 0, and of high variance.
- SNIPS, self-normalised: Σ w r / Σ w (Swaminathan & Joachims, "The Self-Normalized Estimator for
  Counterfactual Learning", 2015). Hardly biased, steadier, and never outside of the answers.
- The direct method: mean of Σ π(a) q(a), with q a model of the answers. As wrong as the model is.
- DR, doubly robust: the direct method corrected by IPS of what the model misses, Σ π q + w (r - q)
  (Dudík et al. 2014). Unbiased where either the probabilities or the model are right; q must not
  have learned from the answers it is asked about.

Intervals are 95%, from the spread of the influence of each unit (a person, or a decision): rows of
one unit need not be independent. Student's t with as many degrees of freedom as units weigh in.
What the policy would show and the log had no chance to show is taken for worth between nothing and
twice the estimate; intervals are that much wider (for IPS, which leaves it out, on one side).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.intervals import Column, Estimate, Units, mean_of, ratio_of

FEW_ROWS: Final = 50.0
"""Effective rows below which no interval can be trusted."""
FEW_REWARDED: Final = 8.0
"""Effective rewarded rows below which the spread of the rewards is not known."""
MOST_UNSUPPORTED: Final = 0.05
"""Share of what the policy would show of which the log may know nothing."""
HEAVIEST: Final = 0.1
"""Share of all weight that one row may carry."""


class Caution(Enum):
    """Why a log cannot support an answer; the text says it to a person."""

    NO_ROWS = "nothing was shown and answered that this could be judged by"
    NO_OVERLAP = "nothing that this would show was ever shown where it would show it"
    UNSUPPORTED = "it would show much that the log never had a chance to show there"
    FEW_ROWS = "too few of the decisions agree with what it would show"
    FEW_REWARDED = "too few of the answers that count were positive"
    HEAVY_ROW = "a single decision carries a large part of the estimate"
    NOT_EXPLORED = "nothing was left to chance when it was decided, so only what agrees counts"


@dataclass(frozen=True, slots=True)
class Logged:
    """What was shown, and what came of it; columns of shape (rows,)."""

    rewards: Column
    probabilities: Column
    """With which each was chosen there, above 0, at most 1."""
    units: NDArray[np.int64] | None = None
    """Of whom or what each row is, any numbers; None: rows are independent."""
    counts: Column | None = None
    """How many rows each stands for, above 0: only a sample was logged; None: each for itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """What another policy would have done; columns of shape (rows,)."""

    probabilities: Column
    """With which it would choose what was shown there, 0 to 1."""
    predicted: Column | None = None
    """What a model expects of what was shown; None: there is no model."""
    expected: Column | None = None
    """What the model expects of the policy: the sum over all offers of π times that."""
    unsupported: Column | None = None
    """Probability of what it would show and the log never could; None: nobody knows."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the log says of a policy; None: nothing can be computed."""

    rows: int
    logged: Estimate | None
    """What was really earned."""
    ips: Estimate | None = None
    snips: Estimate | None = None
    direct: Estimate | None = None
    """Its interval holds no error of the model."""
    doubly_robust: Estimate | None = None
    change: Estimate | None = None
    """By how much the best estimate differs from what was earned, row by row."""
    effective_rows: float = 0.0
    """(Σ w)² / Σ w² (Kish 1965): as many rows of the policy's own would tell as much."""
    largest_weight: float = 0.0
    unsupported_share: float = 0.0
    """Of what it would show, what the log could not: told, else by what weights lack."""
    cautions: tuple[Caution, ...] = ()

    @property
    def best(self) -> Estimate | None:
        """The estimate to go by: doubly robust where there is a model."""
        return self.doubly_robust or self.snips

    @property
    def is_supported(self) -> bool:
        """Whether the log can support the answer."""
        return not self.cautions


def evaluate(logged: Logged, target: Target) -> Evaluation:
    """Return what a policy would have earned; `ValueError` for columns that make no sense."""
    _demand_sense(logged, target)
    rows = len(logged.rewards)
    if not rows:
        return Evaluation(0, None, cautions=(Caution.NO_ROWS,))
    units = _numbered(logged.units, rows)
    counts = np.ones(rows) if logged.counts is None else logged.counts
    rewards, weights = logged.rewards, target.probabilities / logged.probabilities
    unsupported = _unsupported(weights, counts, target)
    snips = _self_normalised(rewards, weights, counts, units)
    direct = robust = None
    best = snips
    if target.expected is not None and target.predicted is not None:
        direct = mean_of(target.expected, units, counts)
        values = target.expected + weights * (rewards - target.predicted)
        best = (robust := mean_of(values, units, counts)), values
    unknown = 0.0 if best is None else unsupported * abs(best[0].value)
    return Evaluation(
        rows=rows,
        logged=mean_of(rewards, units, counts),
        ips=mean_of(weights * rewards, units, counts).widened(0.0, 2.0 * unknown),
        snips=None if snips is None else snips[0].widened(unknown, unknown),
        direct=direct,
        doubly_robust=None if robust is None else robust.widened(unknown, unknown),
        change=None
        if best is None
        else mean_of(best[1] - rewards, units, counts).widened(unknown, unknown),
        effective_rows=effective_size(weights * counts),
        largest_weight=float(weights.max()),
        unsupported_share=unsupported,
        cautions=_cautions(logged, weights * counts, unsupported),
    )


def _self_normalised(
    rewards: Column, weights: Column, counts: Column, units: Units
) -> tuple[Estimate, Column] | None:
    """Return the estimate, and what each row adds to it; None where nothing weighs anything."""
    total = float((weights * counts).sum())
    if total <= 0.0:
        return None
    found = ratio_of(weights * rewards * counts, weights * counts, units)
    scale = float(counts.sum()) / total
    return found, found.value + weights * (rewards - found.value) * scale


def effective_size(weights: Column) -> float:
    """Return (Σ w)² / Σ w²; 0 where nothing weighs anything."""
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def _cautions(logged: Logged, weights: Column, unsupported: float) -> tuple[Caution, ...]:
    total = float(weights.sum())
    if total <= 0.0:
        return (Caution.NO_OVERLAP,)
    found = {
        Caution.UNSUPPORTED: unsupported > MOST_UNSUPPORTED,
        Caution.FEW_ROWS: effective_size(weights) < FEW_ROWS,
        Caution.FEW_REWARDED: effective_size(weights * logged.rewards) < FEW_REWARDED,
        Caution.HEAVY_ROW: float(weights.max()) > HEAVIEST * total,
        Caution.NOT_EXPLORED: bool((logged.probabilities >= 1.0).all()),
    }
    return tuple(caution for caution, applies in found.items() if applies)


def _unsupported(weights: Column, counts: Column, target: Target) -> float:
    """Return the share of what the policy would show that the log had no chance to show.

    Where nobody tells, by the weights: their mean is 1 where the log supports all.
    """
    total = float(counts.sum())
    if target.unsupported is not None:
        return float((target.unsupported * counts).sum()) / total
    return max(0.0, 1.0 - float((weights * counts).sum()) / total)


def _numbered(units: NDArray[np.int64] | None, rows: int) -> Units:
    if units is None:
        return np.arange(rows)
    return np.unique(units, return_inverse=True)[1].astype(np.intp)


def _demand_sense(logged: Logged, target: Target) -> None:
    rows = len(logged.rewards)
    columns = {
        "rewards": logged.rewards,
        "logged probabilities": logged.probabilities,
        "probabilities": target.probabilities,
        "counts": logged.counts,
        "predicted": target.predicted,
        "expected": target.expected,
        "unsupported": target.unsupported,
    }
    for name, column in columns.items():
        if column is None:
            continue
        if len(column) != rows:
            raise ValueError(f"{name}: {len(column)} for {rows} rows")
        if not np.isfinite(column).all():
            raise ValueError(f"{name}: not all are numbers")
    if rows and not (logged.probabilities.min() > 0.0 and logged.probabilities.max() <= 1.0):
        raise ValueError("logged probabilities: not all above 0 and at most 1")
    if logged.counts is not None and not (logged.counts > 0.0).all():
        raise ValueError("counts: not all above 0")
    if rows and not (target.probabilities.min() >= 0.0 and target.probabilities.max() <= 1.0):
        raise ValueError("probabilities: not all from 0 to 1")
