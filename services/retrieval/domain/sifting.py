"""What may be shown and suits one request as well, looked up of few things at a time."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.domain.served_model import VectorIndex
from services.retrieval.domain.showing import Showing, Suits

Rows = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Rows of an index with their cosines, nearest first."""
SPARE = 2
"""So many times what is wanted is looked for and remembered; where too few of that may be shown,
more is looked for."""
_FURTHER = 1.5
"""So much more than the share that may be shown tells: the nearest are like one another."""
_FURTHEST = 2_000
"""More rows than so are slower looked through than those that may be shown are listed."""


class Sifted:
    """A showing for requests of which each wants something else of it, as gifts do.

    Whether a thing suits is asked of that thing. Only where a whole index or a whole category has
    to be searched a mask over all is made, and kept for the next that wants the same.
    """

    is_lasting = False

    def __init__(self, showing: Showing, key: Hashable, suits: Suits) -> None:
        """Take what may be shown, and what else has to hold, under a key equal for the same."""
        self._showing = showing
        self._key = key
        self._suits = suits

    @property
    def size(self) -> int:
        """One more than the highest number that it knows."""
        return self._showing.size

    def shows(self, offer_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
        """See `Showing`."""
        numbers = offer_nos.astype(np.int64, copy=False)
        shown: NDArray[np.bool_] = self._showing.shows(numbers) & self._suits(numbers)
        return shown

    def shows_families(self, family_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
        """See `Showing`."""
        return self.shows(self._showing.representatives(family_nos))

    def rows_allowed(self, family_nos: NDArray[np.uint32]) -> Allowed:
        """See `Showing`; costs milliseconds where nobody wanted the same lately."""
        return self._whole().rows_allowed(family_nos)

    def listed(self, category_no: int, ranked: NDArray[np.int64]) -> None:
        """Know nothing beforehand."""

    def look_through(
        self, category_no: int, ranked: NDArray[np.int64], places: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """See `Showing`; costs milliseconds where nobody wanted the same lately."""
        whole = self._whole()
        listed = whole.listed(category_no, ranked)
        return whole.look_through(category_no, ranked, places) if listed is None else listed

    def _whole(self) -> Showing:
        return self._showing.narrowed(self._key, self._suits)


AnyShowing: TypeAlias = Showing | Sifted


def nearest_shown(
    index: VectorIndex,
    vector: NDArray[np.float32],
    count: int,
    found: Rows,
    family_nos: NDArray[np.uint32],
    showing: AnyShowing,
) -> Rows:
    """Return the `count` nearest that may be shown, given the `SPARE * count` nearest of all.

    `family_nos` says by row of the index which family it stands for.
    """
    asked_for = SPARE * count
    while True:
        rows, near = found
        shown = showing.shows_families(family_nos[rows]).nonzero()[0]
        if len(shown) >= count or len(rows) < asked_for:
            return rows[shown[:count]], near[shown[:count]]
        before, asked_for = asked_for, math.ceil(_FURTHER * asked_for * count / (len(shown) + 1))
        if showing.is_lasting or before >= asked_for or asked_for > _FURTHEST:
            return index.nearest(vector, count, showing.rows_allowed(family_nos))
        found = index.nearest(vector, asked_for)
