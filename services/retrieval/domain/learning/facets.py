"""What somebody is, as a row of numbers: age bands and words that many share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

AGE = "age"
AGE_BANDS = (3, 6, 10, 14, 18, 25, 35, 45, 55, 65)
"""Ages at which the next band begins."""
_OLDEST = 130


@dataclass(frozen=True, slots=True)
class Facets:
    """Descriptions of units (persons, or gifts), a row each."""

    names: tuple[str, ...]
    """Of the columns."""
    words: tuple[str, ...]
    """Column after column; a number in the table is the place of its word, from 1."""
    ends: NDArray[np.int64]
    """Where in `words` each column's end."""
    table: NDArray[np.uint8]
    """(units, columns) 0: not known."""

    @classmethod
    def of(cls, columns: Mapping[str, tuple[Sequence[str], NDArray[np.integer]]]) -> Facets:
        """Take, by name, the words of a column and the place of each unit's word, from 1."""
        words = [own for own, _ in columns.values()]
        table = [places.astype(np.uint8) for _, places in columns.values()]
        return cls(
            tuple(columns),
            tuple(word for own in words for word in own),
            np.cumsum([len(own) for own in words], dtype=np.int64),
            np.stack(table, 1) if table else np.zeros((0, 0), np.uint8),
        )

    def words_of(self, column: int) -> tuple[str, ...]:
        """Return the words of a column."""
        begin = int(self.ends[column - 1]) if column else 0
        return self.words[begin : int(self.ends[column])]

    def only(self, columns: Sequence[int]) -> Facets:
        """Return some of the columns, in that order."""
        return Facets.of({self.names[at]: (self.words_of(at), self.table[:, at]) for at in columns})

    def at(self, units: NDArray[np.integer]) -> Facets:
        """Return the rows of some units; -1 is one of whom nothing is known."""
        table = np.concatenate((self.table, np.zeros((1, self.table.shape[1]), np.uint8)))
        return Facets(self.names, self.words, self.ends, table[units])


@cache
def band_words() -> tuple[str, ...]:
    """Return the age bands as words, such as `25-34`."""
    starts = (0, *AGE_BANDS)
    ends = (*(start - 1 for start in AGE_BANDS), _OLDEST)
    return tuple(f"{start}-{end}" for start, end in zip(starts, ends, strict=True))


def bands_of(ages: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return the band of each age, from 1; 0 where it is not known (0)."""
    bands = np.searchsorted(AGE_BANDS, ages, side="right") + 1
    return np.where(ages > 0, bands, 0).astype(np.uint8)


def band_of(age: int) -> str:
    """Return the word of an age's band; empty for 0."""
    return band_words()[int(bands_of(np.array([age]))[0]) - 1] if age > 0 else ""
