"""Ways of judging who is like a seed: learned from its members and all others, asked of anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

_STEPS = 25
_SMALLEST_STEP = 1e-6
_EXTREME = 30.0
"""Log-odds beyond which a probability is 0 or 1 as floats go."""
_INTERCEPT_PENALTY = 1e-6

Traits = NDArray[np.float64]
"""(people, traits) on one scale."""
Weights = NDArray[np.float64]
"""(1 + traits,) a constant first: a judgement is a weighted sum."""
Way = Callable[[Traits, Traits], Weights]
"""Learns from the traits of members and of all others, neither being empty."""


def judged(traits: Traits, weights: Weights) -> NDArray[np.float64]:
    """Return how like the seed each is; more is more alike."""
    scores: NDArray[np.float64] = weights[0] + traits @ weights[1:]
    return scores


def centroid(members: Traits, others: Traits) -> Weights:
    """Look along the line from the mean of all others to that of the members."""
    direction = members.mean(axis=0) - others.mean(axis=0)
    middle = (members.mean(axis=0) + others.mean(axis=0)) / 2
    return _with_constant(direction, middle)


def logistic(members: Traits, others: Traits, penalty: float) -> Weights:
    """Fit a logistic regression, members weighing as much as all others together.

    `penalty` is of the squared weights, per person; solved by Newton's method.
    """
    traits = np.concatenate((members, others))
    design = np.concatenate((np.ones((len(traits), 1)), traits), axis=1)
    is_member = np.arange(len(traits)) < len(members)
    share = len(members) / len(traits)
    counts = np.where(is_member, 0.5 / share, 0.5 / (1.0 - share))
    ridge = np.full(design.shape[1], penalty * len(traits))
    ridge[0] = _INTERCEPT_PENALTY
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        likely = odds(design @ weights)
        gradient = design.T @ (counts * (likely - is_member)) + ridge * weights
        curvature = (design * (counts * likely * (1.0 - likely))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag(ridge), gradient)
        weights -= step
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    return weights


def both(members: Traits, others: Traits, penalty: float) -> Weights:
    """Add the two, each on the scale of what it says of all."""
    everybody = np.concatenate((members, others))
    ways = (centroid(members, others), logistic(members, others, penalty))
    spreads = [float(judged(everybody, way).std()) or 1.0 for way in ways]
    total: Weights = ways[0] / spreads[0] + ways[1] / spreads[1]
    return total


def odds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of log-odds."""
    found: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-values.clip(-_EXTREME, _EXTREME)))
    return found


def _with_constant(direction: NDArray[np.float64], middle: NDArray[np.float64]) -> Weights:
    return np.concatenate(([-float(direction @ middle)], direction))


WAYS: Mapping[str, Way] = {
    "centroid": centroid,
    "both": partial(both, penalty=0.04),
    "logistic, strongly regularised": partial(logistic, penalty=0.4),
    "logistic": partial(logistic, penalty=0.04),
    "logistic, weakly regularised": partial(logistic, penalty=0.004),
}
"""The plainest first: of equals the first is chosen."""
