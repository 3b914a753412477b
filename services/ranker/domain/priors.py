"""What is assumed of acceptance before anything is learned: one probability per kind and source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KINDS = 8
SOURCES = 32
ANY_SOURCE = 0


@dataclass(frozen=True, slots=True)
class Prior:
    """The acceptance probability of a kind proposed by a source (0: by any)."""

    kind: int
    source: int
    probability: float


class PriorTable:
    """Prior acceptance probabilities; a source's own row outranks the row of any source."""

    __slots__ = ("_table",)

    def __init__(self, priors: Iterable[Prior]) -> None:
        """Raise ValueError for a probability outside 0 to 1 or an unknown kind or source."""
        self._table = np.zeros((KINDS, SOURCES))
        for prior in sorted(priors, key=lambda prior: prior.source):
            _check(prior)
            if prior.source == ANY_SOURCE:
                self._table[prior.kind, :] = prior.probability
            else:
                self._table[prior.kind, prior.source] = prior.probability

    def probabilities(
        self, kinds: NDArray[np.integer], sources: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Return the prior of each candidate, shape (candidates,)."""
        found: NDArray[np.float64] = self._table[kinds, sources]
        return found


def _check(prior: Prior) -> None:
    if not 0.0 <= prior.probability <= 1.0:
        raise ValueError(f"prior probability {prior.probability} is outside 0 to 1")
    if not (0 < prior.kind < KINDS and 0 <= prior.source < SOURCES):
        raise ValueError(f"prior of unknown kind {prior.kind} or source {prior.source}")
