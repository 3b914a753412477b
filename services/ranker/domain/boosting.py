"""What a booster says of candidates, beside what the model learned of them.

Log-odds of both are mixed by a share (stacking: Wolpert, "Stacked Generalization", 1992). So the
model learns as if there were no booster: rows and snapshots are those without, a booster may come
and go at any time, and what changes since it was trained still reaches each score by the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.booster import Booster
from services.ranker.domain.features import Features
from services.ranker.domain.layout import COLUMNS

Column = NDArray[np.float64]
_BARRED: Final = [
    (column.start, column.start + column.size)
    for column in COLUMNS
    if column.name in ("placement_position", "category_1_told_pair")
]
"""Where it is shown is no merit of the offer, and trees find their pairs by themselves."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a booster says of the candidates of a request."""

    log_odds: Column
    """Shape (candidates,)."""
    share: float
    """How much that counts, above 0 and below 1."""

    def mixed(self, log_odds: Column) -> Column:
        """Return the model's log-odds and these together."""
        both: Column = log_odds + self.share * (self.log_odds - log_odds)
        return both

    @property
    def left(self) -> float:
        """The share of the model's variance that is left; the trees are taken to be sure."""
        return (1.0 - self.share) ** 2


def said_of(features: Features, booster: Booster) -> Said:
    """Return what a booster says of each candidate."""
    crosses = features.crosses
    said = booster.log_odds(features.indices, crosses.indices, crosses.group_of)
    return Said(said, booster.share)


def inputs_of(indices: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return those of the weights that a booster may ask for."""
    barred = np.zeros(len(indices), np.bool_)
    for start, end in _BARRED:
        barred |= (indices >= start) & (indices < end)
    return indices[~barred]
