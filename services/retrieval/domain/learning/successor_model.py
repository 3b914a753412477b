"""What is known of later orders: of each item what is bought next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.runs import are_runs


@dataclass(frozen=True, slots=True)
class SuccessorModel:
    """Pairs of n items of which the second is bought in a later order; names no person."""

    offer_nos: NDArray[np.uint32]
    """(n,) ascending; a place in it is a row."""
    buyers: NDArray[np.uint32]
    """(n,) persons who bought it."""
    starts: NDArray[np.int64]
    """(n + 1,) where in `next_nos` what follows each row begins, and the next one's."""
    next_nos: NDArray[np.uint32]
    """The strongest of each row first."""
    chances: NDArray[np.float32]
    """How much more likely it is bought then than at any time, 0 to 1."""
    counts: NDArray[np.uint32]
    """Persons who bought it for the first time within the window."""
    window_days: float
    """Days after a purchase that are looked at."""

    @classmethod
    def none(cls) -> SuccessorModel:
        """Return what knows no order."""
        nos, reals = np.zeros(0, np.uint32), np.zeros(0, np.float32)
        return cls(nos, nos, np.zeros(1, np.int64), nos, reals, nos, 0.0)

    def fits(self) -> bool:
        """Return whether the arrays agree with each other."""
        count, pairs = len(self.offer_nos), len(self.next_nos)
        return (
            self.buyers.shape == (count,)
            and self.chances.shape == self.counts.shape == (pairs,)
            and are_runs(self.starts, count, pairs)
            and bool(np.isfinite(self.window_days))
        )
