"""Ranks what a person may take next by all that was learned: vectors, neighbours, habits, heat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import ascending
from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.networks import networks_of
from services.retrieval.domain.learning.portraits import Shelf
from services.retrieval.domain.learning.signals import Evidence, Signals, Taste

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

    def __init__(self, items: ItemModel, blend: BlendModel | None = None) -> None:
        """Take what networks were learned beside the weights of `items`; without, these decide."""
        self._items = items
        self._signals = Signals(items)
        self._asked_last: Callable[[], Taste | None] = lambda: None
        """A weak reference: whoever asked may be erased meanwhile."""
        self._shelves: list[Shelf] = []
        self._log_odds = np.zeros(len(items.offer_nos), np.float32)
        """By row; it is that of the one who asked last where the row was weighed in their turn."""
        self._turn_of = np.zeros(len(items.offer_nos), np.int64)
        self._turn = 0
        self._networks = networks_of(items, blend) if blend is not None else None
        self._hottest = _first(items.heat + 1e-6 * items.buyers, _HOTTEST)

    @property
    def signals(self) -> Signals:
        return self._signals

    def pool(
        self,
        taste: Taste,
        evidence: Evidence,
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
        told = evidence.rows[_first(evidence.strengths, _BY_NEIGHBOURS)]
        pool = ascending(np.concatenate((self._hottest, near, told, taste.rows)))
        if novel:
            pool = pool[~_among(taste.rows[taste.habits[:, -1] > 0], pool)]
        return pool.astype(np.int64, copy=False)

    def ranked(
        self,
        taste: Taste,
        limit: int,
        *,
        novel: bool,
        near: NDArray[np.integer] | None = None,
        evidence: Evidence | None = None,
        usable: Callable[[NDArray[np.int64]], NDArray[np.bool_]] | None = None,
    ) -> Ranked:
        """Return at most `limit` rows; `novel` leaves out what the person bought before.

        `usable` says of rows which may be had at all. It is asked before they are weighed: what is
        hot and what neighbours bring up would else crowd out what is left under a filter.
        """
        evidence = self._signals.evidence(taste) if evidence is None else evidence
        pool = self.pool(taste, evidence, near, novel=novel)
        if usable is not None:
            pool = pool[usable(pool)]
        if not len(pool):
            return Ranked(pool, np.zeros(0, np.float32))
        strengths = self._strengths(taste, pool, evidence)
        best = _first(strengths, limit)
        return Ranked(pool[best], _probabilities(strengths[best]))

    def probabilities(
        self, taste: Taste, rows: NDArray[np.int64], evidence: Evidence
    ) -> NDArray[np.float32]:
        """Return how likely the person takes each of some rows, each given once."""
        return _probabilities(self._strengths(taste, rows, evidence))

    def probabilities_of_new(self, products: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how likely things are of which only a vector was foretold; see `Signals`."""
        columns = self._signals.columns_of_new(products)
        strengths: NDArray[np.float32] = columns @ self._items.blend[1:] + self._items.blend[0]
        return _probabilities(strengths)

    def _strengths(
        self, taste: Taste, rows: NDArray[np.int64], evidence: Evidence
    ) -> NDArray[np.float32]:
        """Return log-odds; of one taste each row is weighed once, however many sources ask."""
        if self._asked_last() is not taste:
            self._asked_last = ref(taste)
            self._turn += 1
            self._shelves = self._networks.portraits.shelves(taste) if self._networks else []
        missing = rows[self._turn_of[rows] != self._turn]
        if len(missing):
            missing.sort()
            self._log_odds[missing] = self._weigh(taste, missing, evidence)
            self._turn_of[missing] = self._turn
        found: NDArray[np.float32] = self._log_odds[rows]
        return found

    def _weigh(
        self, taste: Taste, rows: NDArray[np.int64], evidence: Evidence
    ) -> NDArray[np.float32]:
        columns = self._signals.columns(taste, rows, evidence)
        strengths: NDArray[np.float32] = columns @ self._items.blend[1:] + self._items.blend[0]
        if self._networks is None:
            return strengths
        return self._networks.moved(strengths, taste, rows, columns, evidence, self._shelves)


def _probabilities(strengths: NDArray[np.float32]) -> NDArray[np.float32]:
    likely = 1.0 / (1.0 + np.exp(-np.minimum(np.maximum(strengths, -30.0), 30.0)))
    return likely.astype(np.float32, copy=False)


def _among(few: NDArray[np.integer], rows: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which rows are among a few; both ascending."""
    if not len(few):
        return np.zeros(len(rows), np.bool_)
    places = np.minimum(few.searchsorted(rows), len(few) - 1)
    found: NDArray[np.bool_] = few[places] == rows
    return found


def _first(scores: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Return the places of the highest scores, highest first, equal ones in their order."""
    lowest_first = -scores
    if count >= len(scores):
        return lowest_first.argsort(kind="stable")
    best = lowest_first.argpartition(count)[:count]
    best.sort()
    first: NDArray[np.int64] = best[lowest_first[best].argsort(kind="stable")]
    return first
