"""Who dealt with what, each pair once: the sparse matrix that everything is learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pairs:
    """Cells above 0 of a matrix persons x rows, sorted by person, then by row."""

    person_count: int
    row_count: int
    persons: NDArray[np.int64]
    rows: NDArray[np.int64]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.persons)

    @property
    def starts(self) -> NDArray[np.int64]:
        """(persons + 1,) where each person's pairs begin and the next one's."""
        return self.persons.searchsorted(np.arange(self.person_count + 1)).astype(np.int64)

    @property
    def buyers(self) -> NDArray[np.int64]:
        """(rows,) persons of each row."""
        return np.bincount(self.rows, minlength=self.row_count).astype(np.int64)

    def turned(self) -> Pairs:
        """Return the transposed matrix, in which rows are what persons were."""
        order = np.argsort(self.rows, kind="stable")
        return Pairs(
            self.row_count,
            self.person_count,
            self.rows[order],
            self.persons[order],
            self.weights[order],
        )

    def joined(self, owners: NDArray[np.int64]) -> Pairs:
        """Return what each person did as done by their owner, in a matrix of the same size."""
        shape = (self.person_count, self.row_count)
        return summed(shape, owners[self.persons], self.rows, self.weights)

    def only(self, which: NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs in a matrix of the same size."""
        return Pairs(
            self.person_count,
            self.row_count,
            self.persons[which],
            self.rows[which],
            self.weights[which],
        )


def summed(
    shape: tuple[int, int],
    persons: NDArray[np.integer],
    rows: NDArray[np.integer],
    weights: NDArray[np.floating],
) -> Pairs:
    """Add up the weights of equal pairs."""
    person_count, row_count = shape
    keys = persons.astype(np.int64) * row_count + rows
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else keys
    sums = np.add.reduceat(weights[order], firsts) if len(keys) else weights
    found = keys[firsts]
    return Pairs(
        person_count,
        row_count,
        found // max(row_count, 1),
        found % max(row_count, 1),
        sums.astype(np.float32),
    )
