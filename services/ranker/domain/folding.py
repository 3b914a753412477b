"""Folds hashes into the regions of their columns: which weights a row of the design matrix has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.hashing import FOLD, WORD, Hashes, mix
from services.ranker.domain.layout import COLUMNS

_STARTS = np.array([[column.start] for column in COLUMNS], np.uint32)
_MASKS = np.array([[column.size - 1] for column in COLUMNS], np.uint32)
_SALTS = np.array([[column.start * int(FOLD) & WORD] for column in COLUMNS], np.uint32)
"""What tells equal hashes in different columns apart."""
_AT_ONCE = 1 << 15
_VARIANCES = np.array([column.variance for column in COLUMNS])


@dataclass(frozen=True, slots=True)
class Folding:
    """The rows of a matrix by the columns of the layout that they are of."""

    columns: NDArray[np.intp]
    """Places in `COLUMNS`, ascending, shape (rows,)."""
    prior_variance: float
    """Of all of them together, before anything is learned."""
    salts: Hashes
    masks: Hashes
    starts: Hashes
    """These three of shape (rows, 1)."""

    def fold(self, hashes: Hashes, rights: Hashes) -> None:
        """Cross each row with its right and make the weights of it, in place.

        `hashes` are of shape (rows, candidates or groups), `rights` of shape (rows,). As many
        rows at a time as the cache holds.
        """
        crossed = rights[:, None] + self.salts
        step = max(1, _AT_ONCE // max(hashes.shape[1], 1))
        for start in range(0, len(hashes), step):
            part = slice(start, start + step)
            some = hashes[part]
            some ^= crossed[part]
            mix(some)
            some &= self.masks[part]
            some += self.starts[part]


@lru_cache(2048)
def folding_of(places: tuple[int, ...]) -> Folding:
    """Return the folding of rows by the places of their columns, ascending."""
    columns = np.array(places, np.intp)
    return Folding(
        columns,
        float(_VARIANCES[columns].sum()),
        *(each[columns] for each in (_SALTS, _MASKS, _STARTS)),
    )
