"""How much each value of a predictor raises or lowers acceptance, and how surely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.ranker.domain.insight.answered import Floats, Numbers
from services.ranker.domain.insight.design import Column, Design
from services.ranker.domain.insight.predictors import LEVEL
from services.ranker.domain.insight.regression import PRIOR_VARIANCE, fit, scores

SURE: Final = 1.96
"""Standard errors to each side of a 95% interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the interval that holds it with a probability of 95%."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What one value of a characteristic does, all other predictors being equal."""

    column: Column
    log_odds: Estimate
    """Of acceptance with it, less those of all others."""
    times_as_often: Estimate
    """Acceptance with it by that of all others, at the average acceptance."""
    error: float
    """Standard error of the log-odds."""
    is_clear: bool
    """Whether it differs beyond chance, allowing for how many values the name has (Holm)."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Effects of many columns at once."""

    log_odds: Floats
    errors: Floats
    """Standard errors, robust to what a person's answers have in common."""


def estimates(design: Design, names: Sequence[str]) -> dict[str, Estimates]:
    """Return by name how each of its values differs from all other rows.

    All names are fitted together. A value is compared with the rows that lack it, as they
    are made up of the other values. The covariance is the sandwich H⁻¹ (B + Λ) H⁻¹ with B the sum
    of the squared scores of people and Λ the prior's precision: where people answer independently
    that is the posterior's (H = B + Λ), and where they do not, it is wider.
    """
    columns = np.concatenate([design.allowed_for, *(design.named[name] for name in names)])
    fitted = fit(design, columns)
    found = scores(design, fitted)
    is_own = columns < len(design.columns)
    precision = np.where(is_own, 1 / PRIOR_VARIANCE, 1e-2)
    hessian = np.linalg.inv(found.information[np.ix_(columns, columns)] + np.diag(precision))
    spread = found.spread[np.ix_(columns, columns)]
    covariance = hessian @ (spread + np.diag(precision)) @ hessian
    weights = dict(zip(columns.tolist(), fitted.weights.tolist(), strict=True))
    place = {column: at for at, column in enumerate(columns.tolist())}
    result = {}
    for name in names:
        own = design.named[name]
        contrasts = _contrasts(design, own)
        at = [place[column] for column in own.tolist()]
        values = contrasts @ np.array([weights[column] for column in own.tolist()])
        variances = np.einsum("ij,jk,ik->i", contrasts, covariance[np.ix_(at, at)], contrasts)
        result[name] = Estimates(values, np.sqrt(np.maximum(variances, 1e-12)))
    return result


def _contrasts(design: Design, own: Numbers) -> Floats:
    """Return of each value the weights that compare it with the rows that lack it.

    Rows may have several values of a name (segments) or none, which then is a value of its own.
    """
    cells = np.concatenate([cells for _, cells in design.chunks(own)]).astype(np.float64)
    both = cells.T @ cells
    held = np.diag(both)
    without = np.maximum(design.rows - held, 1)
    usual_with = both / np.maximum(held, 1)[:, None]
    usual_without = (held[None, :] - both) / without[:, None]
    contrasts: Floats = usual_with - usual_without
    return contrasts


def effects(design: Design, name: str, found: Estimates) -> list[Effect]:
    """Return the effects of a name's values, the clearest first."""
    own = design.named[name].tolist()
    z = found.log_odds / found.errors
    is_clear = _passing([math.erfc(abs(each) / math.sqrt(2)) for each in z.tolist()])
    made = [
        Effect(
            design.columns[column],
            _interval(value, error),
            _times(design, design.columns[column], value, error),
            error,
            clear,
        )
        for column, value, error, clear in zip(
            own, found.log_odds.tolist(), found.errors.tolist(), is_clear, strict=True
        )
    ]
    return [made[at] for at in np.argsort(-np.abs(z), kind="stable").tolist()]


def _passing(chances: Sequence[float]) -> list[bool]:
    """Return which of several tests are passed at `LEVEL` together (Holm 1979)."""
    passed = [False] * len(chances)
    for rank, at in enumerate(np.argsort(chances, kind="stable").tolist()):
        if chances[at] > LEVEL / (len(chances) - rank):
            break
        passed[at] = True
    return passed


def _interval(value: float, error: float) -> Estimate:
    return Estimate(value, value - SURE * error, value + SURE * error)


def _times(design: Design, column: Column, value: float, error: float) -> Estimate:
    held = column.shown / design.rows
    log_odds = _interval(value, error)
    ratios = (
        times_as_often(design.share, held, each)
        for each in (log_odds.value, log_odds.low, log_odds.high)
    )
    return Estimate(*ratios)


def times_as_often(share: float, held: float, difference: float) -> float:
    """Turn a difference of log-odds into a ratio of acceptances.

    The average acceptance `share` lies between the two, nearer to that of those who are more:
    `held` is the share of rows that have the characteristic.
    """
    base = math.log(share / (1 - share))
    inside = base + difference * (1 - held)
    outside = base - difference * held
    return (1 + math.exp(-outside)) / (1 + math.exp(-inside))
