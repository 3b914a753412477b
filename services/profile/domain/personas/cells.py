"""Divides what can be known of people into cells, so that personas can be compared.

Personas name different things, some of them wider than others: each family of things falls into
the cells that all personas together tell apart, and one more for everything else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.profile.domain.event import SEPARATOR
from services.profile.domain.personas.persona import Shares

UNEXPECTED = 0.02
"""Of each distribution, what lies on all cells alike: nobody is only what was written down."""
_OPEN_END_IS_WIDE = 20.0
"""`65+` has no end, and counts as so many years where it shares with other ranges."""
_MOST_REMEMBERED = 100_000
_RANGE = re.compile(r"(\d{1,9}(?:\.\d+)?)(?:-(\d{1,9}(?:\.\d+)?)|(\+))?", re.ASCII)


class Range(NamedTuple):
    """Numbers from one, up to but without another; infinity where there is no end."""

    begin: float
    end: float

    @property
    def width(self) -> float:
        return self.end - self.begin if isfinite(self.end) else _OPEN_END_IS_WIDE

    @property
    def middle(self) -> float:
        return self.begin + self.width / 2


@lru_cache(1024)
def parse_range(text: str) -> Range | None:
    """Return what `20-35`, `65+` or `3` covers; of whole numbers the last one is within."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    begin = float(found[1])
    if found[3]:
        return Range(begin, inf)
    end = float(found[2] or found[1])
    if end < begin:
        return None
    return Range(begin, end + 1.0 if begin.is_integer() and end.is_integer() else end)


class Cells(Protocol):
    """Cells of one family of things, numbered; the last number is everything else."""

    @property
    def count(self) -> int:
        """How many there are, everything else included."""
        ...

    def place(self, value: Hashable) -> int:
        """Return the cell that a value lies in."""
        ...

    def covered(self, named: str, others: Iterable[str]) -> Mapping[int, float]:
        """Return the cells of something that a persona names beside others, with their sizes."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """Each value is a cell."""

    places: Mapping[Hashable, int]

    @classmethod
    def of(cls, named: Iterable[Hashable]) -> Words:
        return cls({word: place for place, word in enumerate(sorted(set(named), key=str))})

    @property
    def count(self) -> int:
        return len(self.places) + 1

    def place(self, value: Hashable) -> int:
        return self.places.get(value, len(self.places))

    def covered(self, named: str, others: Iterable[str]) -> Mapping[int, float]:
        return {self.places[named]: 1.0}


@dataclass(frozen=True, slots=True)
class Paths:
    """A cell is a category path without those below it that are cells themselves."""

    places: dict[str, int]
    """Of the paths that were asked for, up to so many: people may name categories of their own."""
    paths: tuple[str, ...]

    @classmethod
    def of(cls, named: Iterable[str]) -> Paths:
        paths = tuple(sorted(set(named)))
        return cls({path: place for place, path in enumerate(paths)}, paths)

    @property
    def count(self) -> int:
        return len(self.paths) + 1

    def place(self, value: Hashable) -> int:
        path = str(value)
        found = self.places.get(path)
        if found is None:
            above = path.rpartition(SEPARATOR)[0]
            found = self.place(above) if above else len(self.paths)
            if len(self.places) < _MOST_REMEMBERED:
                self.places[path] = found
        return found

    def covered(self, named: str, others: Iterable[str]) -> Mapping[int, float]:
        """Return the path's cell and those below it, but for what lies below a deeper one named."""
        deeper = tuple(o + SEPARATOR for o in others if o.startswith(named + SEPARATOR))
        return {
            place: 1.0
            for place, path in enumerate(self.paths)
            if (path + SEPARATOR).startswith(named + SEPARATOR)
            and not (deeper and (path + SEPARATOR).startswith(deeper))
        }


@dataclass(frozen=True, slots=True)
class Numbers:
    """A cell reaches from one bound of a range to the next bound of any."""

    bounds: Sequence[float]

    @classmethod
    def of(cls, ranges: Iterable[Range]) -> Numbers:
        return cls(sorted({bound for each in ranges for bound in each}))

    @property
    def count(self) -> int:
        return len(self.bounds)

    def place(self, value: Hashable) -> int:
        """Return the cell of a number or of the middle of a range, in text form."""
        found = parse_range(str(value))
        if found is None:
            return len(self.bounds) - 1
        return self._cell(found.begin if found.width <= 1.0 else found.middle)

    def _cell(self, number: float) -> int:
        cell = bisect_right(self.bounds, number) - 1
        return cell if 0 <= cell < len(self.bounds) - 1 else len(self.bounds) - 1

    def covered(self, named: str, others: Iterable[str]) -> Mapping[int, float]:
        found = parse_range(named)
        assert found is not None, "cells of numbers are made of ranges only"
        inside = range(self.bounds.index(found.begin), self.bounds.index(found.end))
        return {cell: Range(*self.bounds[cell : cell + 2]).width for cell in inside}


def attribute_cells(named: Iterable[str]) -> Words | Numbers:
    """Return cells of numbers where all that is named can be read as such, else of words."""
    texts = set(named)
    ranges = [found for text in texts if (found := parse_range(text)) is not None]
    return Numbers.of(ranges) if len(ranges) == len(texts) else Words.of(texts)


def even(cells: Cells, elsewhere: float) -> NDArray[np.float64]:
    """Return the distribution of people of whom nothing is said.

    `elsewhere` is how many cells everything else counts as.
    """
    sizes = np.ones(cells.count)
    sizes[-1] = elsewhere
    found: NDArray[np.float64] = sizes / sizes.sum()
    return found


def distribution(cells: Cells, shares: Shares, elsewhere: float) -> NDArray[np.float64]:
    """Return the probability of each cell among people of a kind; none of them is 0.

    A share is spread over the cells that it covers by their sizes, and what the shares leave of 1
    over all cells that none of them covers.
    """
    background = even(cells, elsewhere)
    if not shares:
        return background
    found = np.zeros(cells.count)
    open_cells = background.copy()
    for named, share in shares.items():
        covered = cells.covered(named, shares)
        size = sum(covered.values())
        for cell, part in covered.items():
            found[cell] += share * part / size
            open_cells[cell] = 0.0
    left = max(0.0, 1.0 - sum(shares.values()))
    if open_cells.any():
        found += left * open_cells / open_cells.sum()
    found /= found.sum()
    mixed: NDArray[np.float64] = (1.0 - UNEXPECTED) * found + UNEXPECTED * background
    return mixed


def background(
    cells: Cells, each: Sequence[Shares], elsewhere: float, priors: Sequence[float]
) -> NDArray[np.float64]:
    """Return the distribution of people of whose kind nothing is said.

    It is that of all people as far as the personas tell it, so that a persona which says nothing
    of a family is neither likelier nor less likely for it. `priors` are shares of people.
    """
    found = np.zeros(cells.count)
    told = 0.0
    for shares, prior in zip(each, priors, strict=False):
        if shares:
            found += prior * distribution(cells, shares, elsewhere)
            told += prior
    return found + (1.0 - told) * even(cells, elsewhere)
