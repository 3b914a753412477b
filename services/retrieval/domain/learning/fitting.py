"""Learns how much each signal weighs, by logistic regression on what persons did next."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.model import LearnedModel
from services.retrieval.domain.learning.signals import DEFAULT_BLEND, taste_of
from services.retrieval.domain.learning.validation import Validation

_RIDGE = 1.0
_MOST_STEPS = 12
_SMALLEST_STEP = 1e-3
_CONVERGED = 1e-6


def fitted_blend(
    validation: Validation, model: LearnedModel, on_share: Callable[[float], None]
) -> NDArray[np.float32]:
    """Return the constant and the weights of the signals; `model` was learned from the past."""
    if not validation.suffices:
        return DEFAULT_BLEND
    blender = Blender(model.items)
    starts = validation.later.starts
    place = {person_id: at for at, person_id in enumerate(model.persons.person_ids)}
    columns, answers = [], []
    for line, person in enumerate(validation.persons.tolist()):
        taste = taste_of(model.persons, place[validation.past.person_ids[person]])
        evidence = blender.signals.evidence(taste)
        pool = blender.pool(taste, evidence, None)
        taken = validation.later.rows[starts[line] : starts[line + 1]]
        columns.append(blender.signals.columns(taste, pool, evidence))
        answers.append(np.isin(pool, taken))
        on_share(line / len(validation.persons))
    return regression(np.concatenate(columns), np.concatenate(answers))


def regression(columns: NDArray[np.float32], answers: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the constant and weights of a logistic regression with a small ridge, by Newton.

    Columns that never vary get weight 0.
    """
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(spread > 0, 1.0 / np.maximum(spread, 1e-12), 0.0).astype(np.float32)
    scaled = np.empty((len(columns), columns.shape[1] + 1), np.float32)
    scaled[:, 0] = 1.0
    scaled[:, 1:] = (columns - mean) * scale
    weights = _by_newton(scaled, answers)
    blend = np.concatenate((weights[:1], weights[1:] * scale))
    blend[0] -= float(mean @ blend[1:])
    return blend.astype(np.float32)


def _by_newton(scaled: NDArray[np.float32], answers: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what minimises the log-loss with the ridge; a step that does not help is halved."""
    weights = np.zeros(scaled.shape[1])
    share = min(max(float(answers.mean()), 1e-6), 1 - 1e-6)
    weights[0] = np.log(share / (1 - share))
    loss, chance = _loss(scaled, answers, weights)
    for _ in range(_MOST_STEPS):
        slope = scaled.T @ (chance - answers) + _RIDGE * weights
        bend = (scaled * (chance * (1 - chance))[:, None]).T @ scaled
        step = np.linalg.solve(bend + _RIDGE * np.eye(len(weights)), slope)
        before, size = loss, 1.0
        loss, chance = _loss(scaled, answers, weights - step)
        while loss > before and size > _SMALLEST_STEP:
            size /= 2
            loss, chance = _loss(scaled, answers, weights - size * step)
        weights -= size * step
        if before - loss < _CONVERGED * before:
            break
    return weights


def _loss(
    scaled: NDArray[np.float32], answers: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float32]]:
    """Return the log-loss with the ridge, and the chances."""
    strength: NDArray[np.float32] = scaled @ weights.astype(np.float32)
    losses = np.logaddexp(np.float32(0.0), np.where(answers, -strength, strength))
    chance = (1.0 / (1.0 + np.exp(-np.clip(strength, -30.0, 30.0)))).astype(np.float32)
    return float(losses.sum(dtype=np.float64) + 0.5 * _RIDGE * weights @ weights), chance
