"""Bounds what trying things out costs: at most a set share of what a page is expected to earn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
"""How often one placement shows each candidate, shape (candidates,)."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """Whether a page follows a draw, and what that is expected to cost."""

    probability: float
    """With which it does, 0 to 1."""
    earns: float
    """What the page is expected to earn that shows what is best by all that is known."""
    costs: float
    """How much less a page is expected to earn that follows a draw."""
    is_tried: bool
    """Whether this one does."""

    @property
    def cost_share(self) -> float:
        """Return what is expected to be lost by trying, as a share of what could be earned."""
        lost = self.probability * self.costs
        return max(lost / self.earns, 0.0) if self.earns > 0.0 else 0.0


@dataclass(slots=True)
class ExplorationTotals:
    """What trying out was expected to cost over many pages."""

    pages: int = 0
    tried: int = 0
    """Pages that followed a draw."""
    earns: float = 0.0
    loses: float = 0.0

    def add(self, exploration: Exploration) -> None:
        """Count one page."""
        self.pages += 1
        self.tried += exploration.is_tried
        self.earns += exploration.earns
        self.loses += exploration.earns * exploration.cost_share

    @property
    def cost_share(self) -> float:
        """Return what was expected to be lost, as a share of what could be earned."""
        return self.loses / self.earns if self.earns > 0.0 else 0.0


def bounded(
    best: Sequence[Shares], drawn: Sequence[Shares], worth: Shares, most: float, coin: float
) -> Exploration:
    """Decide whether to follow a draw, so that it is not expected to cost more than a share.

    `best` and `drawn` are how often each placement shows what, without and with following a draw;
    `worth` is what each candidate is expected to earn. A page follows a draw with the largest
    probability that keeps the expected loss at or below `most` x what the best page earns: so the
    bound holds for each page by itself, and all the more for many. `coin` in [0, 1) decides.
    """
    earns = sum(float(share @ worth) for share in best)
    costs = earns - sum(float(share @ worth) for share in drawn)
    probability = min(1.0, most * earns / costs) if costs > 0.0 else 1.0
    return Exploration(probability, earns, costs, coin < probability)


def mixed(
    best: Sequence[Shares], drawn: Sequence[Shares], exploration: Exploration
) -> list[Shares]:
    """Return with which probability each placement shows each candidate, all in all."""
    followed = exploration.probability
    return [followed * draw + (1.0 - followed) * known for known, draw in zip(best, drawn)]
