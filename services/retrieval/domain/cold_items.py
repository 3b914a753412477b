"""Items that nobody dealt with yet, where their content says that people would put them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import NOT_LEARNED, ItemModel
from services.retrieval.domain.served_model import ServedModel, looked_up

MOST = 4_096
"""The newest are kept: what lay on the shelf for long and was never touched is not new. To compare
all of them takes 0.05 ms."""
_SPARE = 4
"""So many times what is wanted is looked at first; where most of it is sold out, all is."""


class ColdItems:
    """Foretold tastes in the space of one model; the newest takes the place of the oldest."""

    def __init__(self, model: ServedModel) -> None:
        """Take what the model holds and nobody dealt with; for a large one do it in a thread.

        Nothing that names persons is kept: those that are served change while items stay.
        """
        self.items: ItemModel = model.items
        """What the space is that of."""
        self._item_rows, self._fit = model.item_rows, model.learned.fit
        self._family_nos = np.zeros(MOST, np.int64)
        self._tastes = np.zeros((MOST, model.items.factors.shape[1]), np.float32)
        self._row_of: dict[int, int] = {}
        self._written = 0
        items = model.items
        untouched = self._are_cold(items.content_nos).nonzero()[0][-MOST:]
        if len(untouched):
            self.put(items.content_nos[untouched].astype(np.int64), items.content[untouched])

    def put(self, family_nos: NDArray[np.int64], contents: NDArray[np.float32]) -> None:
        """Take over what is new of some families, with contents of length 1, or 0 for none."""
        is_cold = self._are_cold(family_nos) & contents.any(axis=1)
        tastes = self._fit.tastes(contents[is_cold])
        for family_no, taste in zip(family_nos[is_cold].tolist(), tastes, strict=True):
            row = self._row_of.get(family_no)
            if row is None:
                row = self._written % MOST
                self._written += 1
                self._row_of.pop(int(self._family_nos[row]), None)
                self._row_of[family_no] = row
            self._family_nos[row], self._tastes[row] = family_no, taste

    def best(
        self,
        vector: NDArray[np.float32],
        count: int,
        usable: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the usable families that somebody would like best, and the inner products."""
        held = min(self._written, MOST)
        products = self._tastes[:held] @ vector
        for looked_at in (_SPARE * count, held):
            rows = np.arange(held)
            if held > looked_at:
                rows = products.argpartition(-looked_at)[-looked_at:]
            rows = rows[usable(self._family_nos[rows])]
            if len(rows) >= count or looked_at >= held:
                break
        best = rows[(-products[rows]).argsort(kind="stable")][:count]
        return self._family_nos[best], products[best]

    def _are_cold(self, family_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
        are_cold: NDArray[np.bool_] = looked_up(self._item_rows, family_nos) == NOT_LEARNED
        return are_cold
