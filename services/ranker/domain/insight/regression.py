"""Logistic regression with a level per offer: the posterior mode, and how sure it is of people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.insight.answered import Floats, Numbers
from services.ranker.domain.insight.design import Design
from services.ranker.domain.model import logistic

Singles = NDArray[np.float32]

PRIOR_VARIANCE: Final = 1.0
"""Of the log-odds that a characteristic adds: three times as often is nothing unusual."""
_OFFER_VARIANCE: Final = 1.0
_LEVEL_VARIANCE: Final = 100.0
_STEPS: Final = 12
_ENOUGH: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Fit:
    """What a regression found; nothing of columns that were not in it."""

    columns: Numbers
    weights: Floats
    """Log-odds that each column adds, shape (columns,)."""
    residual: Floats
    """Accepted or not, less its probability, shape (rows,)."""
    information: Floats
    """p (1 - p), shape (rows,)."""


def fit(design: Design, columns: Numbers) -> Fit:
    """Return the mode of the posterior of a logistic regression on some columns.

    Weights are Gaussian a priori, around nothing for characteristics, around one common level for
    offers; Newton's steps, in which the levels of offers are eliminated (Schur complement), so
    that there may be thousands of them.
    """
    precision = _precision(design, columns)
    share = design.share
    start = math.log(share / (1 - share))
    levels, weights = np.zeros(design.offers), np.zeros(len(columns))
    chance = np.full(design.rows, share)
    for _ in range(_STEPS):
        step, moved = _newton(design, columns, chance, (weights, levels), precision)
        # What is rare is approached from far off; a longer step may overshoot.
        size = min(1.0, 4.0 / max(np.abs(step).max(initial=0), np.abs(moved).max(initial=0), 1e-9))
        weights, levels = weights + size * step, levels + size * moved
        chance = _chances(design, columns, weights, start + levels[design.offer])
        if max(np.abs(step).max(initial=0), np.abs(moved).max(initial=0)) < _ENOUGH:
            break
    return Fit(columns, weights, design.accepted - chance, chance * (1 - chance))


def _precision(design: Design, columns: Numbers) -> Floats:
    is_level = columns >= len(design.columns)
    return np.where(is_level, 1 / _LEVEL_VARIANCE, 1 / PRIOR_VARIANCE)


def _newton(
    design: Design,
    columns: Numbers,
    chance: Floats,
    reached: tuple[Floats, Floats],
    precision: Floats,
) -> tuple[Floats, Floats]:
    """Return the steps of the weights and of the levels of offers."""
    weights, levels = reached
    residual, information = design.accepted - chance, chance * (1 - chance)
    pull = np.bincount(design.offer, residual, design.offers) - levels / _OFFER_VARIANCE
    held = np.bincount(design.offer, information, design.offers) + 1 / _OFFER_VARIANCE
    gradient, hessian = -precision * weights, np.diag(precision)
    mixed = np.zeros((design.offers, len(columns)))
    for rows, cells in design.chunks(columns):
        weighted = cells * information[rows, None].astype(np.float32)
        gradient += cells.T @ residual[rows].astype(np.float32)
        hessian += cells.T @ weighted
        _add_by_offer(mixed, design.offer[rows], weighted)
    gradient -= mixed.T @ (pull / held)
    hessian -= mixed.T @ (mixed / held[:, None])
    step = np.linalg.solve(hessian, gradient).astype(np.float64)
    return step, (pull - mixed @ step) / held


def _add_by_offer(sums: Floats, offers: Numbers, cells: Singles) -> None:
    """Add the rows of a chunk to those of their offers."""
    order = np.argsort(offers, kind="stable")
    present, starts = np.unique(offers[order], return_index=True)
    sums[present] += np.add.reduceat(cells[order], starts)


def _chances(design: Design, columns: Numbers, weights: Floats, base: Floats) -> Floats:
    log_odds = base.copy()
    for rows, cells in design.chunks(columns):
        log_odds[rows] += cells @ weights.astype(np.float32)
    return logistic(log_odds)


@dataclass(frozen=True, slots=True)
class Scores:
    """How each column pulls at a fit, beyond what offers explain.

    A person's score is the sum of residual x column over all rows of theirs.
    """

    total: Floats
    """Sum of the scores of all people, shape (columns,)."""
    spread: Floats
    """Sum of their squares about their mean, shape (columns, columns): their own variance."""
    information: Floats
    """Fisher information, shape (columns, columns)."""


def scores(design: Design, fitted: Fit) -> Scores:
    """Return the scores of all columns at a fit, in it or not.

    Each column counts as its difference from what is usual among those who were shown the same
    offer, by as much as the level of that offer is known.
    """
    every = np.arange(design.width)
    usual = _usual(design, every, fitted.information)
    total = np.zeros(design.width)
    spread, information = np.zeros((2, design.width, design.width))
    for rows, cells in design.chunks(every):
        cells -= usual[design.offer[rows]]
        information += cells.T @ (cells * fitted.information[rows, None].astype(np.float32))
        cells *= fitted.residual[rows, None].astype(np.float32)
        people = np.add.reduceat(cells, design.persons_in(rows))
        total += people.sum(axis=0)
        spread += people.T @ people
    spread -= np.outer(total, total) / design.people
    return Scores(total, spread * (design.people / max(design.people - 1, 1)), information)


def _usual(design: Design, columns: Numbers, information: Floats) -> Floats:
    """Return the mean of each column among the rows of each offer, shrunk to nothing."""
    sums = np.zeros((design.offers, len(columns)))
    for rows, cells in design.chunks(columns):
        cells *= information[rows, None].astype(np.float32)
        _add_by_offer(sums, design.offer[rows], cells)
    held = np.bincount(design.offer, information, design.offers) + 1 / _OFFER_VARIANCE
    return (sums / held[:, None]).astype(np.float32)
