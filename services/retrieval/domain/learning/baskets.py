"""What is bought in one order: complements, without what stands in for one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import ContentVectors
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, BasketModel, rows_among
from services.retrieval.domain.learning.terms import ItemTexts, numbered

MOST_PARTNERS = 24
_FEWEST_ORDERS = 3
"""Orders that must hold both; fewer prove nothing."""
_SHRINKAGE = 10.0
"""Orders without the partner that are added to those of an item: of rare ones little is known."""
_LEAST_LIFT = 1.3
_LEAST_LIFT_OF_ALIKE = 3.0
"""Of two of the same leaf category, or of the same words, mostly one is bought instead of the
other; only what is taken together far more often than by chance is a set."""
_ALIKE = 0.6
"""Cosine of contents from which on two are alike."""
_MOST_OF_ORDER = 60
"""Items of one order that count: who buys more is a shop."""
_MOST_ORDERS = 500_000
"""The newest; more would add time and no knowledge."""
_MOST_ITEMS = 50_000
_MOST_CELLS = 1 << 22
_DAY_US = 86_400_000_000
_MOST_DAYS = 1 << 17
_PRIOR_PAIRS = 50.0
"""Pairs of the whole shop that a category's own are mixed with, to tell how it keeps its brands."""
_MOST_KEPT = 4.0


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of orders, each item once in an order, sorted by order."""

    orders: NDArray[np.int64]
    """Numbered from 0 without holes."""
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    """(orders + 1,) where each order's lines begin."""
    offer_nos: NDArray[np.uint32]
    """Row to number, ascending."""


@dataclass(frozen=True, slots=True)
class _Nature:
    """What rows are, for telling complements from substitutes."""

    leaves: NDArray[np.int64]
    """Leaf category; 0: none."""
    brands: NDArray[np.int64]
    """0: none."""
    vectors: NDArray[np.float32]
    """Contents of length 1, or 0 where there is none."""


@dataclass(frozen=True, slots=True)
class _Together:
    """Ordered pairs of rows that orders hold, as columns."""

    firsts: NDArray[np.int64]
    seconds: NDArray[np.int64]
    counts: NDArray[np.int64]

    def only(self, which: NDArray[np.bool_]) -> _Together:
        return _Together(self.firsts[which], self.seconds[which], self.counts[which])


def learned_baskets(
    interactions: Interactions, texts: ItemTexts, content: ContentVectors
) -> BasketModel:
    """Learn from the purchases of each order.

    What came without an order is taken as one per person and day.
    """
    lines = _lines(interactions)
    count = len(lines.offer_nos)
    if not count:
        return BasketModel.none()
    held = np.bincount(lines.rows, minlength=count)
    nature = _nature(lines.offer_nos, texts, content)
    brands = _Brands(nature, held)
    nos = np.zeros((count, MOST_PARTNERS), np.uint32)
    scores = np.zeros((count, MOST_PARTNERS), np.float32)
    counts = np.zeros((count, MOST_PARTNERS), np.uint32)
    for together in _pairs(lines):
        brands.count(together)
        found, strength = _complements(together, held, len(lines.starts) - 1, nature)
        at, place = _best(found.firsts, strength)
        into = found.firsts[at], place
        nos[into] = lines.offer_nos[found.seconds[at]]
        scores[into] = strength[at]
        counts[into] = found.counts[at]
    return BasketModel(lines.offer_nos, held.astype(np.uint32), nos, scores, counts, brands.kept())


def _lines(interactions: Interactions) -> _Lines:
    """Return the lines of the newest orders, those left out that hold a whole shop."""
    bought = interactions.only(interactions.are_purchases)
    days = bought.times_us // _DAY_US
    own_orders = bought.orders if len(bought.orders) else np.zeros(len(days), np.int32)
    by_day = -1 - (bought.persons.astype(np.int64) * _MOST_DAYS + days)
    keys, orders = np.unique(np.where(own_orders > 0, own_orders, by_day), return_inverse=True)
    newest = np.zeros(len(keys), np.int64)
    np.maximum.at(newest, orders, bought.times_us)
    width = int(bought.offer_nos.max(initial=0)) + 1
    lines = np.unique(orders * width + bought.offer_nos)
    orders, nos = lines // width, lines % width
    sizes = np.bincount(orders, minlength=len(keys))
    usable = sizes <= _MOST_OF_ORDER
    if usable.sum() > _MOST_ORDERS:
        usable &= newest >= np.partition(newest[usable], -_MOST_ORDERS)[-_MOST_ORDERS]
    held = np.bincount(nos[usable[orders]], minlength=width)
    enough = np.flatnonzero(held >= _FEWEST_ORDERS)
    known = np.sort(enough[np.argsort(-held[enough], kind="stable")[:_MOST_ITEMS]])
    offer_nos = known.astype(np.uint32)
    rows = rows_among(offer_nos, nos)
    kept = usable[orders] & (rows != NOT_LEARNED)
    _, numbers = np.unique(orders[kept], return_inverse=True)
    count = int(numbers.max(initial=-1)) + 1
    starts = numbers.searchsorted(np.arange(count + 1))
    return _Lines(numbers, rows[kept], starts.astype(np.int64), offer_nos)


def _pairs(lines: _Lines) -> Iterator[_Together]:
    """Yield which rows are held together how often, the pairs of a row in one piece."""
    by_row = np.argsort(lines.rows, kind="stable")
    rows, orders = lines.rows[by_row], lines.orders[by_row]
    sizes = np.diff(lines.starts)
    count = len(lines.offer_nos)
    ends = sizes[orders].cumsum()
    firsts = rows.searchsorted(np.arange(count + 1))
    steps = np.concatenate(([0], ends))[firsts]
    begin = 0
    while begin < count:
        end = max(int(steps.searchsorted(steps[begin] + _MOST_CELLS, "right")) - 1, begin + 1)
        part = slice(int(firsts[begin]), int(firsts[end]))
        each = sizes[orders[part]]
        at = np.repeat(lines.starts[orders[part]] - (each.cumsum() - each), each)
        at += np.arange(len(at))
        cells = np.repeat(rows[part], each) * count + lines.rows[at]
        found, counts = np.unique(cells, return_counts=True)
        pairs = _Together(found // count, found % count, counts)
        yield pairs.only(pairs.firsts != pairs.seconds)
        begin = end


def _complements(
    together: _Together, held: NDArray[np.int64], orders: int, nature: _Nature
) -> tuple[_Together, NDArray[np.float64]]:
    """Keep what is taken along more often than by chance, with how much likelier it is.

    A standard deviation is taken off the count, so that three orders prove less than thirty.
    """
    found = together.only(together.counts >= _FEWEST_ORDERS)
    expected = held[found.firsts] * held[found.seconds] / max(orders, 1)
    lift = found.counts / expected
    alike = _are_alike(found, nature)
    keep = lift >= np.where(alike, _LEAST_LIFT_OF_ALIKE, _LEAST_LIFT)
    surely = found.counts - np.sqrt(found.counts) - expected
    keep &= surely > 0.0
    found, surely = found.only(keep), surely[keep]
    return found, surely / (held[found.firsts] + _SHRINKAGE)


def _are_alike(pairs: _Together, nature: _Nature) -> NDArray[np.bool_]:
    leaves, vectors = nature.leaves, nature.vectors
    alike: NDArray[np.bool_] = leaves[pairs.firsts] == leaves[pairs.seconds]
    alike &= leaves[pairs.firsts] > 0
    step = max(1, _MOST_CELLS // max(vectors.shape[1], 1))
    for begin in range(0, len(alike), step):
        part = slice(begin, begin + step)
        one, other = vectors[pairs.firsts[part]], vectors[pairs.seconds[part]]
        alike[part] |= np.einsum("ij,ij->i", one, other) >= _ALIKE
    return alike


def _best(
    firsts: NDArray[np.int64], strength: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the strongest pairs of each row and their places among them."""
    order = np.lexsort((-strength, firsts))
    begins = np.flatnonzero(np.diff(firsts[order], prepend=-1))
    lengths = np.diff(np.append(begins, len(order)))
    place = np.arange(len(order)) - begins.repeat(lengths)
    kept = place < MOST_PARTNERS
    return order[kept], place[kept]


def _nature(offer_nos: NDArray[np.uint32], texts: ItemTexts, content: ContentVectors) -> _Nature:
    order = np.argsort(texts.offer_nos, kind="stable")
    at = rows_among(texts.offer_nos[order], offer_nos)
    known = at != NOT_LEARNED

    def of_rows(words: Sequence[str]) -> NDArray[np.int64]:
        return np.where(known, numbered(words)[0][order[at * known]], 0)

    rows = rows_among(content.offer_nos, offer_nos)
    vectors = np.zeros((len(offer_nos), content.vectors.shape[1]), np.float32)
    vectors[rows != NOT_LEARNED] = content.vectors[rows[rows != NOT_LEARNED]]
    if not len(order):
        none = np.zeros(len(offer_nos), np.int64)
        return _Nature(none, none, vectors)
    return _Nature(
        of_rows(texts.categories),
        of_rows(texts.brands),
        vectors,
    )


class _Brands:
    """Counts how often what is taken along from another category is of the same brand."""

    def __init__(self, nature: _Nature, held: NDArray[np.int64]) -> None:
        self._nature = nature
        leaves = int(nature.leaves.max(initial=0)) + 1
        self._width = int(nature.brands.max(initial=0)) + 1
        keys = nature.leaves * self._width + nature.brands
        self._sold = np.bincount(nature.leaves, held, leaves)
        self._keys, at = np.unique(keys, return_inverse=True)
        self._sold_of = np.bincount(at, held)
        self._same = np.zeros(leaves)
        self._by_chance = np.zeros(leaves)

    def count(self, pairs: _Together) -> None:
        """Take pairs of different categories; chance is the brand's share in the other's."""
        leaves, brands = self._nature.leaves, self._nature.brands
        first, second = leaves[pairs.firsts], leaves[pairs.seconds]
        brand, other = brands[pairs.firsts], brands[pairs.seconds]
        told = (first > 0) & (second > 0) & (first != second) & (brand > 0) & (other > 0)
        first, second, counts = first[told], second[told], pairs.counts[told]
        brand, other = brand[told], other[told]
        at = rows_among(self._keys.astype(np.uint32), second * self._width + brand)
        sold = np.where(at != NOT_LEARNED, self._sold_of[at], 0.0)
        shares = sold / np.maximum(self._sold[second], 1.0)
        np.add.at(self._same, first, counts * (brand == other))
        np.add.at(self._by_chance, first, counts * shares)

    def kept(self) -> NDArray[np.float32]:
        """Return, by row, how many times likelier than by chance."""
        overall = self._same.sum() / max(self._by_chance.sum(), 1.0)
        overall = min(max(overall, 1.0), _MOST_KEPT)
        same = self._same + _PRIOR_PAIRS * overall
        kept = same / (self._by_chance + _PRIOR_PAIRS)
        bounded = np.minimum(np.maximum(kept, 1.0), _MOST_KEPT)
        by_row: NDArray[np.float32] = bounded[self._nature.leaves].astype(np.float32)
        return by_row
