"""What is written about items, as weighted terms that are told apart by hash."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from math import floor, log2
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 15
"""Two terms that share a bucket are taken for one."""
_STEM = 4
"""Letters of a longer word that also count by themselves: `runner` is near `running`."""
_STEM_WEIGHT = 0.5
_CATEGORY_WEIGHT = 1.0
_BRAND_WEIGHT = 0.7
_PRICE_WEIGHT = 1.0
_BANDS_PER_DOUBLING = 2
_MOST_REMEMBERED = 1 << 14
_WORD = re.compile(r"[^\W_]+")

_Weighted = tuple[tuple[int, float], ...]
"""Buckets with their weights."""


@dataclass(frozen=True, slots=True)
class ItemTexts:
    """What is written about items, as columns of equal length."""

    offer_nos: NDArray[np.uint32]
    titles: Sequence[str]
    categories: Sequence[str]
    """Paths such as `Electronics > PCs`."""
    brands: Sequence[str]
    price_micros: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """0: none; an empty column: of no item."""

    def rows(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield title, category, brand and price of each item."""
        prices = self.price_micros.tolist() or [0] * len(self.titles)
        return zip(self.titles, self.categories, self.brands, prices, strict=True)


def joined(parts: Sequence[ItemTexts]) -> ItemTexts:
    """Return what several say, one after the other."""
    return ItemTexts(
        np.concatenate([np.zeros(0, np.uint32), *(each.offer_nos for each in parts)]),
        [title for each in parts for title in each.titles],
        [category for each in parts for category in each.categories],
        [brand for each in parts for brand in each.brands],
        np.concatenate([np.zeros(0, np.int64), *(each.price_micros for each in parts)]),
    )


def numbered(words: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the number of each word, and all words by their number; 0 is the empty one.

    A column of texts would take as much for each as for the longest.
    """
    numbers = {"": 0}
    found = [numbers.setdefault(word, len(numbers)) for word in words]
    return np.array(found, np.int64), list(numbers)


@dataclass(frozen=True, slots=True)
class Terms:
    """Sparse lines of weighted terms; the columns are of equal length."""

    line_count: int
    lines: NDArray[np.int64]
    """Ascending."""
    terms: NDArray[np.int64]
    """The bucket of each, or its place among those in use."""
    weights: NDArray[np.float32]


def terms_of(texts: ItemTexts) -> Terms:
    """Return the terms of each item; one without a title has none."""
    counts: list[int] = []
    buckets: list[int] = []
    weights: list[float] = []
    for row in texts.rows():
        before = len(buckets)
        for terms in _said(*row):
            for bucket, weight in terms:
                buckets.append(bucket)
                weights.append(weight)
        counts.append(len(buckets) - before)
    return Terms(
        len(counts),
        np.arange(len(counts)).repeat(counts),
        np.array(buckets, np.int64),
        np.array(weights, np.float32),
    )


def marks_of(texts: ItemTexts) -> NDArray[np.uint32]:
    """Return a number for what is written about each item: another one once that changes."""
    marks = (crc32("\n".join(map(str, row)).encode()) for row in texts.rows())
    return np.fromiter(marks, np.uint32, len(texts.titles))


def _said(title: str, category: str, brand: str, price_micros: int) -> Iterator[_Weighted]:
    words = _WORD.findall(title.lower())
    if not words:
        return
    yield from map(_of_word, words)
    yield _of_category(category)
    if brand:
        yield _of_brand(brand)
    if price_micros > 0:
        yield _of_price(price_micros)


@lru_cache(_MOST_REMEMBERED)
def _of_word(word: str) -> _Weighted:
    whole = (_bucket(word), 1.0)
    return (whole, (_bucket(word[:_STEM] + "-"), _STEM_WEIGHT)) if len(word) > _STEM else (whole,)


@lru_cache(_MOST_REMEMBERED)
def _of_category(category: str) -> _Weighted:
    parts = [part.strip() for part in category.lower().split(">")] if category else []
    paths = accumulate(parts, lambda path, part: f"{path}>{part}", initial="")
    return tuple((_bucket(path), _CATEGORY_WEIGHT) for path in paths if path)


@lru_cache(_MOST_REMEMBERED)
def _of_brand(brand: str) -> _Weighted:
    return ((_bucket(f"@{brand.lower()}"), _BRAND_WEIGHT),)


@lru_cache(_MOST_REMEMBERED)
def _of_price(price_micros: int) -> _Weighted:
    """Share a price out between the two bands that it lies between.

    Bands are of equal ratio, so they are as good in every currency, and need not be learned.
    """
    place = _BANDS_PER_DOUBLING * log2(price_micros)
    band = floor(place)
    return (
        (_bucket(f"${band}"), _PRICE_WEIGHT * (1.0 - place + band)),
        (_bucket(f"${band + 1}"), _PRICE_WEIGHT * (place - band)),
    )


def _bucket(term: str) -> int:
    return crc32(term.encode()) % BUCKETS
