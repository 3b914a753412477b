"""Logs of Thompson sampling over simulated shoppers whose taste is known, for off-policy code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.intervals import Column
from services.ranker.domain.off_policy import Logged, Target

KINDS, OFFERS = 4, 6
"""Of shoppers, whom the policy tells apart; and of what they are shown."""
_DRAWS = 64
_ROUNDS, _AT_ONCE = 60, 25
"""Shoppers of a round are answered before any of them answers: answers come late."""
_SHRINKAGE = 9.0


@dataclass(frozen=True, slots=True)
class ShoppersLog:
    """One run; columns of shape (rows, …)."""

    taste: Column
    """Probability of acceptance, shape (kinds, offers)."""
    kinds: NDArray[np.int64]
    shown: NDArray[np.int64]
    rewards: Column
    probabilities: Column
    """Of each offer, shape (rows, offers): the share of draws it is best in."""
    expected: Column
    """What was known of each offer then, shape (rows, offers)."""

    def logged(self) -> Logged:
        rows = np.arange(len(self.shown))
        return Logged(self.rewards, self.probabilities[rows, self.shown])

    def target(self, policy: Column) -> Target:
        """Return what a policy would have done, from its probabilities, shape (rows, offers)."""
        rows = np.arange(len(self.shown))
        return Target(
            policy[rows, self.shown],
            self.expected[rows, self.shown],
            (policy * self.expected).sum(axis=1),
            (policy * (self.probabilities == 0.0)).sum(axis=1),
        )

    def worth(self, policy: Column) -> float:
        """Return what the policy is really worth to the shoppers of this run."""
        return float((policy * self.taste[self.kinds]).sum(axis=1).mean())


def logs(runs: int, seed: int) -> list[ShoppersLog]:
    """Return that many runs, each of other shoppers; all at once, which takes a few seconds."""
    random = np.random.default_rng(seed)
    taste = random.beta(2.0, 18.0, size=(runs, KINDS, OFFERS))
    yes, no = np.ones(taste.shape), np.full(taste.shape, _SHRINKAGE)
    run = np.arange(runs)[:, None]
    parts = []
    for _ in range(_ROUNDS):
        kinds = random.integers(KINDS, size=(runs, _AT_ONCE))
        probabilities, expected, shown = _sampled(yes[run, kinds], no[run, kinds], random)
        accepts = random.random(shown.shape) < taste[run, kinds, shown]
        np.add.at(yes, (run, kinds, shown), accepts)
        np.add.at(no, (run, kinds, shown), ~accepts)
        parts.append((kinds, shown, accepts.astype(np.float64), probabilities, expected))
    columns = [np.concatenate(each, axis=1) for each in zip(*parts, strict=True)]
    return [ShoppersLog(taste[at], *(column[at] for column in columns)) for at in range(runs)]


def _sampled(
    yes: Column, no: Column, random: np.random.Generator
) -> tuple[Column, Column, NDArray[np.int64]]:
    """Return selection probabilities, what is expected, and what the first draw shows."""
    total = yes + no
    mean = yes / total
    spread = np.sqrt(mean * (1.0 - mean) / (total + 1.0))
    noise = random.standard_normal((*mean.shape[:2], _DRAWS, OFFERS), np.float32)
    best = (mean[:, :, None] + spread[:, :, None] * noise).argmax(axis=-1)
    shares = (best[..., None] == np.arange(OFFERS)).mean(axis=2)
    return shares, mean, best[:, :, 0]


def policies(log: ShoppersLog, random: np.random.Generator) -> Iterator[tuple[str, Column]]:
    """Yield policies of several kinds, each by its probabilities, shape (rows, offers)."""
    noisy = log.taste + random.normal(0.0, 0.02, log.taste.shape)
    good = np.eye(OFFERS)[noisy.argmax(axis=1)][log.kinds]
    wild = np.eye(OFFERS)[random.integers(OFFERS, size=KINDS)][log.kinds]
    even = np.full(good.shape, 1.0 / OFFERS)
    soft = np.exp(30.0 * log.taste[log.kinds])
    yield "as_logged", log.probabilities
    yield "one_offer_each", good
    yield "epsilon_greedy", 0.8 * good + 0.2 * even
    yield "softmax", soft / soft.sum(axis=1, keepdims=True)
    yield "uniform", even
    yield "half_uniform", 0.5 * even + 0.5 * log.probabilities
    yield "any_offer", 0.9 * wild + 0.1 * even
