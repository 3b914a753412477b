"""What the catalogue says of the candidates, as hashes that are equal on every replica."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.hashing import leading
from services.ranker.domain.situation import Liked
from shared.catalogue import Catalogue
from shared.catalogue.dictionary import Dictionary

Hashes = NDArray[np.uint32]
HASHED: Final = (
    *("kind", "offer", "family", "category_1", "category_2", "brand", "price"),
    *("kind_price", "kind_type", "kind_terms", "kind_category_1", "kind_category_2"),
)
"""What is hashed of an offer. `price` is its band: each is twice as dear as the one below; `type`
what it is among its kind, the attribute `type`, 0 where it is not said; `terms` whether it is
price-led, for members only, personal, a bit each. `kind_x` is the pair of kind and x."""
_ROW: Final = np.dtype(
    [
        ("hashes", "u4", (len(HASHED),)),
        ("category_no", "i4"),
        ("brand_no", "i4"),
        ("ends_us", "i8"),
        ("released_us", "i8"),
        ("version", "i8"),
    ]
)
"""What is kept of an offer, side by side: whoever reads one of these reads all of them."""
_AFFINITIES = np.array([1e-6, 0.05, 0.15, 0.35])
_MOST_LIKED = 6
"""Further down the list is too little liked to tell anything."""
_MICROS = 1e6
_NEVER = np.int64(1 << 62)


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """Of the candidates; columns of shape (candidates,)."""

    hashes: Hashes
    """Of `HASHED`, shape (hashes, candidates)."""
    category_nos: NDArray[np.int32]
    """The category it is in, or is about; 0: none."""
    brand_nos: NDArray[np.int32]
    ends_us: NDArray[np.int64]
    """Far ahead: no end."""
    released_us: NDArray[np.int64]
    """0: not known."""

    def hash(self, name: str) -> Hashes:
        """Return one of `HASHED`."""
        found: Hashes = self.hashes[HASHED.index(name)]
        return found


class Entities:
    """Reads a catalogue; texts are hashed once each.

    Numbers of categories and brands differ between replicas, so their texts are hashed; catalogue
    numbers are the same everywhere and stand for themselves.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._brands = _TextHashes(catalogue.brands)
        self._types = _TextHashes(catalogue.types)
        self._category_hashes = _TextHashes(catalogue.categories)
        self._rows = np.zeros(0, _ROW)
        """By catalogue number, as of the version that each was made at, counted from 1."""

    def columns(self, nos: NDArray[np.int64]) -> OfferColumns:
        """Return the columns of candidates by their catalogue numbers."""
        rows = self._rows_of(nos)
        return OfferColumns(
            rows["hashes"].T,
            rows["category_no"],
            rows["brand_no"],
            rows["ends_us"],
            rows["released_us"],
        )

    def category_affinity(self, offers: OfferColumns, liked: Liked) -> Hashes:
        """Return the band of how much each candidate's category, or one above it, is liked."""
        tree, numbers = self._catalogue.categories, offers.category_nos
        known = list(_known(tree, liked))
        if not known:
            return np.zeros(len(numbers), np.uint32)
        is_below = np.array([tree.under(number)[numbers] for number, _ in known])
        strengths = np.array([strength for _, strength in known])
        return _banded((is_below * strengths[:, None]).max(axis=0))

    def brand_affinity(self, offers: OfferColumns, liked: Liked) -> Hashes:
        """Return the band of how much each candidate's brand is liked."""
        brands = self._catalogue.brands
        affinity = np.zeros(len(brands))
        for number, strength in _known(brands, liked):
            affinity[number] = strength
        return _banded(affinity[offers.brand_nos])

    def nearness(self, offers: OfferColumns, path: str) -> Hashes:
        """Return how near each candidate is to a category: 2 within it, 1 beside it, else 0."""
        tree = self._catalogue.categories
        number = tree.find(path)
        if not number:
            return np.zeros(len(offers.category_nos), np.uint32)
        top = tree.at_depth(1)
        beside = top[offers.category_nos] == top[number]
        within = tree.under(number)[offers.category_nos]
        near: Hashes = beside.astype(np.uint32) + within
        return near

    def _rows_of(self, nos: NDArray[np.int64]) -> NDArray[np.void]:
        """Return the rows of offers, of which those are made that the catalogue has changed since.

        Any change makes all rows anew: what an offer is about may have moved to another category.
        """
        version = self._catalogue.version + 1
        if len(self._rows) < len(self._catalogue.kind):
            self._rows = np.zeros(len(self._catalogue.kind), _ROW)
        rows = self._rows.take(nos)
        stale = (rows["version"] != version).nonzero()[0]
        if len(stale):
            made = self._made(nos[stale])
            made["version"] = version
            rows[stale] = self._rows[nos[stale]] = made
        return rows

    def _made(self, nos: NDArray[np.int64]) -> NDArray[np.void]:
        """Make rows of the catalogue's columns."""
        catalogue, rows = self._catalogue, np.empty(len(nos), _ROW)
        category_nos, brand_nos = self._categories_of(nos), catalogue.brand_no[nos]
        families, ends_us = catalogue.family_no[nos], catalogue.ends_us[nos]
        kinds, offers = catalogue.kind[nos].astype(np.uint32), nos.astype(np.uint32)
        hashes, tree = self._category_hashes.known(), catalogue.categories
        category_1 = hashes[tree.at_depth(1)[category_nos]]
        category_2 = hashes[tree.at_depth(2)[category_nos]]
        price = np.frexp(catalogue.price_micros[nos] / _MICROS)[1].astype(np.uint32)
        # A promotion may be about no category; then it is at least told from other kinds.
        by_kind = leading(kinds)
        hashed = (
            *(kinds, offers, np.where(families > 0, families, offers)),
            *(category_1, category_2, self._brands.known()[brand_nos], price),
            by_kind + price,
            by_kind + self._types.known()[catalogue.type_no[nos]],
            *(by_kind + _terms(catalogue, nos), by_kind + category_1, by_kind + category_2),
        )
        rows["hashes"] = np.array(hashed, np.uint32).T
        rows["category_no"], rows["brand_no"] = category_nos, brand_nos
        rows["ends_us"] = np.where(ends_us > 0, ends_us, _NEVER)
        rows["released_us"] = catalogue.released_us[nos]
        return rows

    def _categories_of(self, nos: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the category of each; of what has none the first that it is about."""
        catalogue = self._catalogue
        found: NDArray[np.int32] = catalogue.category_no[nos]
        lacking = (found == 0).nonzero()[0]
        if len(lacking):
            found[lacking] = [self._about(no) for no in nos[lacking].tolist()]
        return found

    def _about(self, offer_no: int) -> int:
        catalogue = self._catalogue
        about = catalogue.about_categories.get(offer_no)
        if about:
            return about[0]
        items = catalogue.about_nos.get(offer_no)
        return int(catalogue.category_no[items[0]]) if items else 0


class _TextHashes:
    """Hashes of a dictionary's texts by their numbers; those that were added are hashed on use."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._hashes = np.zeros(1, np.uint32)

    def known(self) -> Hashes:
        """Return the hashes, shape (texts,); 0 is that of nothing."""
        held, size = self._hashes, len(self._dictionary)
        if len(held) < size:
            texts = [self._dictionary.text(number) for number in range(len(held), size)]
            added = np.array([crc32(text.encode()) for text in texts], np.uint32)
            self._hashes = held = np.concatenate([held, added])
        return held


def _known(dictionary: Dictionary, liked: Liked) -> Iterator[tuple[int, float]]:
    """Yield the numbers of what is liked most, and how much, as far as the catalogue knows it."""
    for name, strength in zip(liked.names[:_MOST_LIKED], liked.affinities):
        number = dictionary.find(name)
        if number:
            yield number, strength


def _terms(catalogue: Catalogue, nos: NDArray[np.int64]) -> Hashes:
    terms = catalogue.price_led[nos] * 1 + catalogue.members_only[nos] * 2
    bits: Hashes = (terms + catalogue.personal[nos] * 4).astype(np.uint32)
    return bits


def _banded(affinity: NDArray[np.float64]) -> Hashes:
    return _AFFINITIES.searchsorted(affinity, side="right").astype(np.uint32)
