"""Which items have an attribute: of each value the best first, laid out aside and put in whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.attributes import Attributes, Pairs
from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.shelf import Shelf
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.words import NO_WORDS, WordIndex
from shared.catalogue import Catalogue
from shared.catalogue.dictionary import SEPARATOR

_PAUSE_S = 1.0
_UNASKED_S = 600.0
"""An order by popularity may be so old."""
_MOST_NAMED = 50_000
"""Values that are found by their words, those that the most items have."""
_SHARE = 20.0
"""Laying out takes at most one part in so many of the time."""


_Named = tuple[Sequence[str], Sequence[tuple[str, str]]]
"""Paths of categories, and names and values of pairs, both by number."""


@dataclass(frozen=True, slots=True)
class Postings:
    """Items that are to be had, variants too, by their attributes as of one moment."""

    pairs: Pairs
    items: NDArray[np.int64]
    """Offer numbers, pair after pair, those of the most popular families first."""
    begins: NDArray[np.int64]
    """(pairs + 1,) where in `items` each pair's begin and the next one's."""
    names: NDArray[np.int64]
    """Pairs by the number of their name, and within it by what they say in numbers."""
    name_begins: NDArray[np.int64]
    """(names + 1,) where in `names` each name's begin and the next one's."""
    rank: NDArray[np.int32]
    """Offer number to its place in the order of what is popular."""
    count: int
    """How many items there are."""
    categories: WordIndex = NO_WORDS
    """Numbers of categories by the words of their names."""
    values: WordIndex = NO_WORDS
    """Pairs by the words of their values."""

    @classmethod
    def of(cls, pairs: Pairs, shelf: Shelf, family_no: NDArray[np.uint32]) -> Postings:
        """Lay out; takes about half a second for a million items, so do it in a thread.

        `family_no` is the catalogue's column, or a copy of it.
        """
        nos = _alive(shelf, family_no)
        rank = np.full(len(shelf.kind), len(nos), np.int32)
        rank[nos] = np.arange(len(nos))
        own, places = pairs.of(nos)
        order = np.argsort(own, kind="stable")
        number_of_pairs = len(pairs.name_of)
        names = np.lexsort((pairs.least, pairs.name_of))
        number_of_names = int(pairs.name_of.max(initial=0)) + 1
        return cls(
            pairs,
            nos[places[order]],
            _begins(own, number_of_pairs),
            names,
            _begins(pairs.name_of, number_of_names),
            rank,
            len(nos),
        )

    def of_pair(self, pair: int, most: int) -> NDArray[np.int64]:
        """Return the first items that have a pair."""
        if not 0 < pair < len(self.begins) - 1:
            return self.items[:0]
        begin = int(self.begins[pair])
        return self.items[begin : min(begin + most, int(self.begins[pair + 1]))]

    def of_pairs(self, pairs: NDArray[np.int64], most: int) -> NDArray[np.int64]:
        """Return the items that have any of some pairs, pair after pair; at most about `most`.

        Where there are more, they are the first of each pair.
        """
        if len(pairs) == 1:
            return self.of_pair(int(pairs[0]), most)
        counts = self.counts(pairs)
        pairs, counts = pairs[counts > 0], counts[counts > 0]
        if counts.sum() > most:
            pairs, counts = pairs[:most], counts[:most]
            counts = np.minimum(counts, max(most // len(pairs), 1))
        ends = counts.cumsum()
        places = np.arange(int(ends[-1]) if len(ends) else 0)
        found: NDArray[np.int64] = self.items[
            places + (self.begins[pairs] - ends + counts).repeat(counts)
        ]
        return found

    def counts(self, pairs: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return how many items have each of some pairs."""
        known = pairs * (pairs < len(self.begins) - 1)
        found: NDArray[np.int64] = (self.begins[known + 1] - self.begins[known]) * (known > 0)
        return found

    def of_name(self, name: int) -> NDArray[np.int64]:
        """Return all pairs of a name."""
        if not 0 < name < len(self.name_begins) - 1:
            return self.names[:0]
        return self.names[self.name_begins[name] : self.name_begins[name + 1]]

    def within(self, name: int, least: float, most: float) -> NDArray[np.int64]:
        """Return the pairs of a name whose numbers overlap a range."""
        own = self.of_name(name)
        kept: NDArray[np.int64] = own[
            (self.pairs.least[own] <= most) & (self.pairs.most[own] >= least)
        ]
        return kept


class AttributeShelf:
    """Owns the postings of this replica; a request takes them once and keeps them."""

    def __init__(self, attributes: Attributes, catalogue: Catalogue, shelves: Shelves) -> None:
        self.attributes = attributes
        self._catalogue = catalogue
        self._shelves = shelves
        self._version = -1
        self.current = _laid_out(
            attributes.pairs(), shelves.current, catalogue.family_no, self._named()
        )

    async def run(self) -> None:
        """Lay out for ever, soon after attributes changed; a background task of the service."""
        laid_out = -_UNASKED_S
        while True:
            began = time.monotonic()
            if self._version != self.attributes.version or began - laid_out > _UNASKED_S:
                await self.lay_out()
                laid_out = began
            await asyncio.sleep(max(_PAUSE_S, _SHARE * (time.monotonic() - began)))

    async def lay_out(self) -> None:
        """Take everything as it is now; sorting runs in a thread, so that requests go on."""
        version = self.attributes.version
        pairs, shelf = self.attributes.pairs(), self._shelves.current
        family_no = self._catalogue.family_no.copy()
        self.current = await asyncio.to_thread(_laid_out, pairs, shelf, family_no, self._named())
        self._version = version

    def _named(self) -> _Named:
        """Return what categories and values are called, by their number."""
        paths = self._catalogue.categories
        categories = [paths.text(number) for number in range(len(paths))]
        return categories, self.attributes.words()


def _laid_out(pairs: Pairs, shelf: Shelf, family_no: NDArray[np.uint32], named: _Named) -> Postings:
    paths, pairs_of_words = named
    postings = Postings.of(pairs, shelf, family_no)
    leaves = ((path.rpartition(SEPARATOR)[2], number) for number, path in enumerate(paths))
    counts = np.diff(postings.begins)
    most = (-counts).argsort(kind="stable")[:_MOST_NAMED]
    values = ((pairs_of_words[pair][1], pair) for pair in most[counts[most] > 0].tolist())
    return replace(postings, categories=WordIndex.of(leaves), values=WordIndex.of(values))


def _alive(shelf: Shelf, family_no: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the items that are to be had, by the rank of their family."""
    nos = np.flatnonzero((shelf.kind == PRODUCT) & (shelf.until_us > 0))
    rank = np.full(len(shelf.kind), len(shelf.ranked), np.int64)
    rank[shelf.ranked] = np.arange(len(shelf.ranked))
    best = shelf.representatives(family_no[nos])
    return nos[np.argsort(rank[best], kind="stable")]


def _begins(numbers: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    return np.concatenate(([0], np.bincount(numbers, minlength=count).cumsum())).astype(np.int64)
