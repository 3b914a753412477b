"""Lets somebody learn from simulated shoppers, with answers that come at once or late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.shoppers.learners import Learner
from bench.quality.shoppers.people import Shoppers
from shared.catalogue import Catalogue

Make = Callable[[Catalogue], Learner]


@dataclass(frozen=True, slots=True)
class Course:
    """What was earned and what could have been, decision by decision; expected, not drawn."""

    earned: NDArray[np.float64]
    best: NDArray[np.float64]

    @property
    def regret(self) -> float:
        """Return what was missed in all."""
        return float((self.best - self.earned).sum())

    def recovery(self, changed: int, share: float, window: int) -> int:
        """Return how many decisions after a change a share of the best was earned again.

        The best is what who knows every taste would have earned of the same visits. Over a window
        of that many decisions, which ends with the last one counted; all there were after the
        change where it never was.
        """
        earned, best = (np.cumsum(np.r_[0.0, each[changed:]]) for each in (self.earned, self.best))
        reached = (earned[window:] - earned[:-window]) >= share * (best[window:] - best[:-window])
        found = np.flatnonzero(reached)
        return window + int(found[0]) if len(found) else len(self.earned) - changed

    def earned_share(self, begin: int, decisions: int) -> float:
        """Return what was earned of the best over some decisions."""
        part = slice(begin, begin + decisions)
        return float(self.earned[part].sum() / self.best[part].sum())


def run(
    make: Make, seed: int, decisions: int, *, late: int = 0, changes_at: int | None = None
) -> Course:
    """Return the course of one learner; answers come `late` decisions after they were asked for."""
    shoppers = Shoppers(seed)
    learner = make(shoppers.catalogue)
    earned, best = np.zeros(decisions), np.zeros(decisions)
    waiting: deque[tuple[Callable[[bool], None], bool]] = deque()
    for turn in range(decisions):
        if turn == changes_at:
            shoppers.change()
        visit = shoppers.visit()
        at, answered = learner.choose(visit)
        earned[turn], best[turn] = visit.expected[at], visit.expected.max()
        waiting.append((answered, visit.luck < visit.chances[at]))
        if len(waiting) > late:
            tell, accepted = waiting.popleft()
            tell(accepted)
    return Course(earned, best)
