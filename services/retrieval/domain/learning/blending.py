"""Ranks what a person may take next by all that was learned: vectors, neighbours, habits, heat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.signals import Signals, Taste

_HOTTEST = 200
_BY_NEIGHBOURS = 300
_BY_VECTOR = 300


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows of the item model, best first, none twice."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    """Probability, 0 to 1, by the last part of the log."""


class Blender:
    """Gathers a pool of rows for a person and weighs it by the blend that training found."""

    def __init__(self, items: ItemModel) -> None:
        self._items = items
        self._signals = Signals(items)
        self._in_pool = np.zeros(len(items.offer_nos), np.bool_)
        self._hottest = _first(items.heat + 1e-6 * items.buyers, _HOTTEST)

    @property
    def signals(self) -> Signals:
        return self._signals

    def pool(
        self,
        taste: Taste,
        evidence: NDArray[np.float32],
        near: NDArray[np.integer] | None,
        *,
        novel: bool = False,
    ) -> NDArray[np.int64]:
        """Return rows worth weighing, ascending.

        `near` are those nearest to the person's vector, as an index found them; None: all are
        compared with it. `novel` leaves out what the person bought before.
        """
        if near is None:
            near = _first(self._items.factors @ taste.vector, _BY_VECTOR)
        told = _first(evidence, _BY_NEIGHBOURS)
        mask = self._in_pool
        for rows in (self._hottest, near, told, taste.rows):
            mask[rows] = True
        if novel:
            mask[taste.rows[taste.habits[:, -1] > 0]] = False
        pool = mask.nonzero()[0]
        mask[pool] = False
        return pool

    def ranked(
        self, taste: Taste, limit: int, *, novel: bool, near: NDArray[np.integer] | None = None
    ) -> Ranked:
        """Return at most `limit` rows; `novel` leaves out what the person bought before."""
        evidence = self._signals.evidence(taste)
        pool = self.pool(taste, evidence, near, novel=novel)
        if not len(pool):
            return Ranked(pool, np.zeros(0, np.float32))
        columns = self._signals.columns(taste, pool, evidence)
        strength = columns @ self._items.blend[1:] + self._items.blend[0]
        best = _first(strength, limit)
        probabilities = 1.0 / (1.0 + np.exp(-np.clip(strength[best], -30.0, 30.0)))
        return Ranked(pool[best], probabilities.astype(np.float32))


def _first(scores: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Return the places of the highest scores, highest first, equal ones in their order."""
    lowest_first = -scores
    if count >= len(scores):
        return lowest_first.argsort(kind="stable")
    best = lowest_first.argpartition(count)[:count]
    best.sort()
    first: NDArray[np.int64] = best[lowest_first[best].argsort(kind="stable")]
    return first
