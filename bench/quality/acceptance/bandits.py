"""Policies that the ranker is held against in a replay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.acceptance.tables import Answers


class Uniform:
    """Shows anything as often as anything else."""

    def __init__(self, arms: int, seed: int) -> None:
        self._arms, self._random = arms, np.random.default_rng((seed, 1))

    def choose(self, event: int) -> int:
        return int(self._random.integers(self._arms))

    def learn(self, event: int, arm: int, *, accepted: bool) -> None:
        """Learn nothing."""


class Fixed:
    """Shows the same arm to everybody."""

    def __init__(self, arm: int) -> None:
        self._arm = arm

    def choose(self, event: int) -> int:
        return self._arm

    def learn(self, event: int, arm: int, *, accepted: bool) -> None:
        """Learn nothing."""


class BetaThompson:
    """Thompson sampling of one rate per arm, whoever is asked; any rate is as likely at first."""

    def __init__(self, arms: int, seed: int) -> None:
        self._counts, self._random = np.ones((2, arms)), np.random.default_rng((seed, 1))

    def choose(self, event: int) -> int:
        accepted, not_accepted = self._counts
        return int(np.argmax(self._random.beta(accepted, not_accepted)))

    def learn(self, event: int, arm: int, *, accepted: bool) -> None:
        self._counts[0 if accepted else 1, arm] += 1.0


class LinUcb:
    """LinUCB with weights of its own for each arm (Li et al. 2010, "A Contextual-Bandit Approach").

    Its width is a multiple of the standard deviation in units of the noise, its ridge 1.
    """

    def __init__(self, arms: int, contexts: NDArray[np.float64], width: float) -> None:
        """Take what is known of each event, shape (events, numbers)."""
        size = contexts.shape[1]
        self._contexts, self._width = contexts, width
        self._inverse = np.tile(np.eye(size), (arms, 1, 1))
        self._weights = np.zeros((arms, size))

    def choose(self, event: int) -> int:
        context = self._contexts[event]
        spread = np.sqrt((self._inverse @ context) @ context)
        return int((self._weights @ context + self._width * spread).argmax())

    def learn(self, event: int, arm: int, *, accepted: bool) -> None:
        context = self._contexts[event]
        moved = self._inverse[arm] @ context
        step = moved / (1.0 + moved @ context)
        self._weights[arm] += step * (accepted - self._weights[arm] @ context)
        self._inverse[arm] -= np.outer(step, moved)


def contexts_of(answers: Answers, texts: int) -> NDArray[np.float64]:
    """Return what LinUCB sees: a one, numbers as standardised logarithms, first texts one-hot."""
    logs = np.log1p(answers.numbers)
    hot = [
        (column[:, None] == np.unique(column)[1:]).astype(np.float64)
        for column in answers.texts.T[:texts]
    ]
    scaled = (logs - logs.mean(axis=0)) / logs.std(axis=0)
    return np.column_stack([np.ones(len(logs)), scaled, *hot])
