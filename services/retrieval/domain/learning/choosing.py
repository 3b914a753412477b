"""Which of several was chosen, by what speaks for each: the conditional logit (McFadden 1974)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RIDGE = 1.0
_MOST_STEPS = 25
_SMALLEST_STEP = 1e-3
_CONVERGED = 1e-6


@dataclass(frozen=True, slots=True)
class Choices:
    """Sets to choose from, one after the other."""

    signals: NDArray[np.float64]
    """(things, signals)"""
    starts: NDArray[np.int64]
    """(sets,) where each begins."""
    chosen: NDArray[np.int64]
    """(sets,) the place of the one that was chosen."""

    @classmethod
    def of(cls, sets: Sequence[NDArray[np.float64]], chosen: Sequence[int]) -> Choices:
        """Take the signals of each set and which of it was chosen."""
        counts = np.array([len(each) for each in sets])
        starts = (counts.cumsum() - counts).astype(np.int64)
        return cls(np.concatenate(sets), starts, starts + np.array(chosen, np.int64))

    def of_each(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a value per set as one per thing."""
        return values.repeat(np.diff(np.append(self.starts, len(self.signals))))


def chosen_weights(choices: Choices) -> tuple[NDArray[np.float64], float]:
    """Return the weights under which what was chosen is likeliest, and the logarithm of how likely.

    By Newton with a small ridge; signals that never vary get weight 0.
    """
    spread = choices.signals.std(axis=0)
    scale = np.where(spread > 0.0, 1.0 / np.maximum(spread, 1e-12), 0.0)
    scaled = Choices(choices.signals * scale, choices.starts, choices.chosen)
    weights = np.zeros(len(scale))
    gain, chances = _gain(scaled, weights)
    for _ in range(_MOST_STEPS):
        slope, bend = _slopes(scaled, chances, weights)
        step = np.linalg.solve(bend, slope)
        before, size = gain, 1.0
        gain, chances = _gain(scaled, weights + step)
        while gain < before and size > _SMALLEST_STEP:
            size /= 2
            gain, chances = _gain(scaled, weights + size * step)
        weights += size * step
        if gain - before < _CONVERGED * abs(before):
            break
    return weights * scale, gain


def _gain(choices: Choices, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the log-likelihood less the ridge, and the chances."""
    strengths = choices.signals @ weights
    most = np.maximum.reduceat(strengths, choices.starts)
    grown = np.exp(strengths - choices.of_each(most))
    totals = np.add.reduceat(grown, choices.starts)
    likely = (strengths[choices.chosen] - most - np.log(totals)).sum()
    return float(likely - 0.5 * _RIDGE * weights @ weights), grown / choices.of_each(totals)


def _slopes(
    choices: Choices, chances: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weighed = choices.signals * chances[:, None]
    means = np.add.reduceat(weighed, choices.starts)
    slope = (choices.signals[choices.chosen] - means).sum(axis=0) - _RIDGE * weights
    bend = weighed.T @ choices.signals - means.T @ means + _RIDGE * np.eye(len(weights))
    return slope, bend
