"""The shelf: everything that can be proposed, ranked beforehand, as arrays that never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from shared.catalogue import Catalogue

_SIZE_BITS = 24
_KINDS = 256
_MOST_PER_THING = 200
"""Offers that are remembered of one category or family."""


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers that are no items, by what they are about; of each thing the most valuable."""

    defined_nos: NDArray[np.uint32]
    """All that were written by definitions, whichever bundle's."""
    about_nothing: tuple[int, ...]
    by_category: Mapping[int, Sequence[int]]
    """Category number to offers."""
    by_family: Mapping[int, Sequence[int]]
    """Number of an item's family to offers."""
    about: Mapping[int, tuple[Sequence[int], Sequence[int]]]
    """Offer to the families and the categories it is about, of those that are about any."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> Offers:
        """Index a catalogue, without defaults and what only journeys propose."""
        size = catalogue.size
        listed = (catalogue.kind[:size] > PRODUCT) & ~catalogue.withdrawn[:size]
        listed &= ~catalogue.is_default[:size] & ~catalogue.is_journey_only[:size]
        nos = np.flatnonzero(listed)
        nos = nos[np.argsort(-catalogue.value_micros[nos], kind="stable")]
        nothing: list[int] = []
        by_category: dict[int, list[int]] = {}
        by_family: dict[int, list[int]] = {}
        about: dict[int, tuple[Sequence[int], Sequence[int]]] = {}
        for no in nos.tolist():
            categories = catalogue.about_categories.get(no, ())
            families = catalogue.family_no[list(catalogue.about_nos.get(no, ()))].tolist()
            _list(by_category, categories, no)
            _list(by_family, families, no)
            if categories or families:
                about[no] = (families, categories)
            elif len(nothing) < _MOST_PER_THING:
                nothing.append(no)
        defined_nos = np.flatnonzero(catalogue.is_defined[:size]).astype(np.uint32)
        return cls(defined_nos, tuple(nothing), by_category, by_family, about)


def _list(offers: dict[int, list[int]], things: Iterable[int], offer_no: int) -> None:
    for thing in set(things):
        listed = offers.setdefault(thing, [])
        if len(listed) < _MOST_PER_THING:
            listed.append(offer_no)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One item of each family that is to be had, best first, whole and by category.

    What arrays are indexed by is kept in 64 bits: NumPy converts other indexes on every use.
    """

    ranked: NDArray[np.int64]
    """Offer numbers of items, best first."""
    strength: NDArray[np.float32]
    """How popular each ranked one is, 0 to 1."""
    sold: NDArray[np.uint32]
    """Purchases of each one's family in the last 30 days."""
    of_family: NDArray[np.int64]
    """Family number to the one of it that is to be had; 0: none."""
    every_place: NDArray[np.int64]
    """Places in `ranked`, best first."""
    places: NDArray[np.int64]
    """Places in `ranked`, category after category, each best first."""
    first_place: NDArray[np.int64]
    """Category to where it begins in `places`."""
    last_place: NDArray[np.int64]
    """Category to where it ends in `places`."""
    size_keys: NDArray[np.int64]
    """Family and size of variants, ascending."""
    size_nos: NDArray[np.int64]
    """The variant of each key; of several the best comes first."""
    kind: NDArray[np.uint8]
    """Offer number to its kind."""
    channel_bits: NDArray[np.uint32]
    """Offer number to the channels it is meant for."""
    from_us: NDArray[np.int64]
    """Offer number to when it may first be shown."""
    until_us: NDArray[np.int64]
    """Offer number to when it may last be shown; -1: not at all, it is sold out or withdrawn."""
    offers: Offers

    def in_category(self, category_no: int) -> NDArray[np.int64]:
        """Return places in `ranked` of a category and all below it, best first."""
        if not 0 < category_no < len(self.first_place):
            return self.places[:0]
        return self.places[self.first_place[category_no] : self.last_place[category_no]]

    def showable(
        self, kinds: Iterable[int], channel: int, now_us: int, defined_nos: NDArray[np.uint32]
    ) -> NDArray[np.bool_]:
        """Return, by offer number, what may be shown on a channel now; 0 may not.

        Of the offers written by definitions only those of the bundle, `defined_nos`, may.
        Rules check it again on the catalogue of the moment: this keeps what is sold out, over, or
        for elsewhere from taking the place of something that could be shown.
        """
        is_wanted = np.zeros(_KINDS, np.bool_)
        is_wanted[list(kinds)] = True
        mask: NDArray[np.bool_] = is_wanted[self.kind]
        mask &= self.from_us <= now_us
        mask &= self.until_us >= now_us
        mask &= (self.channel_bits & np.uint32(1 << channel)) != 0
        known = defined_nos[defined_nos < len(mask)]
        of_bundle = mask[known]
        mask[self.offers.defined_nos] = False
        mask[known] = of_bundle
        return mask

    def representatives(self, family_nos: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return which item of each family is to be had, 0 for none."""
        known = family_nos < len(self.of_family)
        return self.of_family[family_nos * known]  # of family 0 there is none

    def in_size(
        self, offer_nos: NDArray[np.int64], family_nos: NDArray[np.uint32], size_no: int
    ) -> NDArray[np.int64]:
        """Return the variants of a size, or the offer itself where its family has none of it."""
        if not len(self.size_keys):
            return offer_nos
        keys = size_keys(family_nos, size_no)
        at = np.minimum(np.searchsorted(self.size_keys, keys), len(self.size_keys) - 1)
        return np.where(self.size_keys[at] == keys, self.size_nos[at], offer_nos)


def size_keys(
    family_nos: NDArray[np.uint32], size_no: NDArray[np.int32] | int
) -> NDArray[np.int64]:
    """Return family and size as one number each."""
    return (family_nos.astype(np.int64) << _SIZE_BITS) | size_no
