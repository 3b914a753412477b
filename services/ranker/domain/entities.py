"""What the catalogue says of the candidates, as hashes that are equal on every replica."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.situation import Liked
from shared.catalogue import Catalogue
from shared.catalogue.dictionary import Dictionary

Hashes = NDArray[np.uint32]
_AFFINITIES = np.array([1e-6, 0.05, 0.15, 0.35])
_MOST_LIKED = 6
"""Further down the list is too little liked to tell anything."""
_MICROS = 1e6
_NEVER = np.int64(1 << 62)


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """Of the candidates; columns of shape (candidates,), hashes but for the numbers."""

    category_nos: NDArray[np.int32]
    """The category it is in, or is about; 0: none."""
    brand_nos: NDArray[np.int32]
    kind: Hashes
    offer: Hashes
    family: Hashes
    category_1: Hashes
    category_2: Hashes
    brand: Hashes
    price: Hashes
    """The band of the price; each is twice as dear as the one below."""
    type: Hashes
    """What it is among its kind: the attribute `type`; 0: not said."""
    terms: Hashes
    """Whether it is price-led, for members only, personal: a bit each."""
    ends_us: NDArray[np.int64]
    """Far ahead: no end."""
    released_us: NDArray[np.int64]
    """0: not known."""


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

    def columns(self, nos: NDArray[np.int64]) -> OfferColumns:
        """Return the columns of candidates by their catalogue numbers."""
        catalogue = self._catalogue
        category_nos, brand_nos = self._categories_of(nos), catalogue.brand_no[nos]
        families = catalogue.family_no[nos]
        offers = nos.astype(np.uint32)
        hashes, tree = self._category_hashes.known(), catalogue.categories
        prices = catalogue.price_micros[nos] / _MICROS
        ends_us = catalogue.ends_us[nos]
        return OfferColumns(
            category_nos=category_nos,
            brand_nos=brand_nos,
            kind=catalogue.kind[nos].astype(np.uint32),
            offer=offers,
            family=np.where(families > 0, families, offers),
            category_1=hashes[tree.at_depth(1)[category_nos]],
            category_2=hashes[tree.at_depth(2)[category_nos]],
            brand=self._brands.known()[brand_nos],
            price=np.frexp(prices)[1].astype(np.uint32),
            type=self._types.known()[catalogue.type_no[nos]],
            terms=_terms(catalogue, nos),
            ends_us=np.where(ends_us > 0, ends_us, _NEVER),
            released_us=catalogue.released_us[nos],
        )

    def category_affinity(self, offers: OfferColumns, liked: Liked) -> Hashes:
        """Return the band of how much each candidate's category, or one above it, is liked."""
        tree = self._catalogue.categories
        affinity = np.zeros(len(offers.category_nos))
        for path, strength in zip(liked.names[:_MOST_LIKED], liked.affinities):
            number = tree.find(path)
            if number:
                is_below = tree.under(number)[offers.category_nos]
                np.maximum(affinity, is_below * strength, out=affinity)
        return _banded(affinity)

    def brand_affinity(self, offers: OfferColumns, liked: Liked) -> Hashes:
        """Return the band of how much each candidate's brand is liked."""
        affinity = np.zeros(len(self._catalogue.brands))
        for brand, strength in zip(liked.names[:_MOST_LIKED], liked.affinities):
            number = self._catalogue.brands.find(brand)
            if number:
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


def _terms(catalogue: Catalogue, nos: NDArray[np.int64]) -> Hashes:
    terms = catalogue.price_led[nos] * 1 + catalogue.members_only[nos] * 2
    bits: Hashes = (terms + catalogue.personal[nos] * 4).astype(np.uint32)
    return bits


def _banded(affinity: NDArray[np.float64]) -> Hashes:
    return _AFFINITIES.searchsorted(affinity, side="right").astype(np.uint32)
