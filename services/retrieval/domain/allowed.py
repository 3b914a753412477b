"""Which rows of an index a search may find: made once, asked of many times."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MOST_LISTED = 65_536
"""So few rows are kept one by one: to compare all of them may cost less than to search."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Allowed:
    """Rows of one index; an index remembers what it made of one for as long as this lives.

    So keep it as long as it holds, rather than make an equal one for each request.
    """

    mask: NDArray[np.bool_]
    """(n,) by row of the index."""
    count: int
    """How many rows are allowed."""
    bits: NDArray[np.uint8]
    """The mask, eight rows in a byte, the first in its lowest bit."""
    rows: NDArray[np.int64] | None
    """The allowed rows, ascending; None where they are more than `MOST_LISTED`."""

    counted: dict[int, tuple[NDArray[np.uint16], NDArray[np.int64]]] = field(default_factory=dict)
    """By identity of an array of groups: it, and what `counts` told of it."""

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> Allowed:
        """Allow the rows that a mask says; it must not change afterwards."""
        count = int(np.count_nonzero(mask))
        rows = mask.nonzero()[0] if count <= MOST_LISTED else None
        return cls(mask, count, np.packbits(mask, bitorder="little"), rows)

    @property
    def share(self) -> float:
        """Of all rows, how many are allowed, 0 to 1."""
        return self.count / max(len(self.mask), 1)

    def counts(self, groups: NDArray[np.uint16], totals: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of each group, given by row, are allowed, of so many in all.

        They are counted once, and the fewer of those that are and of those that are not allowed.
        """
        held = self.counted.get(id(groups))
        if held is None:
            is_most = 2 * self.count > len(self.mask)
            few = np.bincount(groups[self.mask ^ is_most], minlength=len(totals))
            held = self.counted[id(groups)] = (groups, totals - few if is_most else few)
        return held[1]

    def changed(self, rows: NDArray[np.int64], shown: NDArray[np.bool_]) -> Allowed:
        """Return what is allowed when some rows are or are not; itself where none differs.

        What was counted is carried over, so that a few changes cost little among a million rows.
        """
        differs = self.mask[rows] != shown
        if not differs.any():
            return self
        mask = self.mask.copy()
        mask[rows] = shown
        changed = np.unique(rows[differs])
        allowed = Allowed.of(mask)
        for key, (groups, counts) in self.counted.items():
            of_changed, is_shown = groups[changed], mask[changed]
            more, fewer = of_changed[is_shown], of_changed[~is_shown]
            size = len(counts)
            counts = counts + np.bincount(more, minlength=size) - np.bincount(fewer, minlength=size)
            allowed.counted[key] = (groups, counts)
        return allowed
