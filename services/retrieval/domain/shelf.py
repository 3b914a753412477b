"""The shelf: everything that can be proposed, ranked beforehand, as arrays that never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from shared.catalogue import Catalogue, Categories

_SIZE_BITS = 24
_MOST_16_BIT = 1 << 16
_MOST_PER_THING = 200
"""Offers that are remembered of one category or family."""
_SHARE_OF_RANK = 0.1
"""Part of a popular item's strength that is its rank, so that equal heat still has an order."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Copies of what ranking needs, all indexed by offer number, safe to use in a thread."""

    kind: NDArray[np.uint8]
    channel_bits: NDArray[np.uint32]
    family_no: NDArray[np.uint32]
    category_no: NDArray[np.int32]
    value_micros: NDArray[np.int64]
    stock: NDArray[np.int64]
    starts_us: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    released_us: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]
    size_no: NDArray[np.int32]
    """Number of the size a variant has; 0: none."""
    heat: NDArray[np.float64]
    sold: NDArray[np.uint32]
    ancestors: NDArray[np.int32]
    """Depth (0: top) by category: the ancestor there, 0 below the category's own depth."""

    @classmethod
    def copied(
        cls,
        catalogue: Catalogue,
        size_no: NDArray[np.int32],
        heat: NDArray[np.float64],
        sold: NDArray[np.uint32],
        ancestors: NDArray[np.int32],
    ) -> Goods:
        """Copy the columns of a catalogue; the other arrays must be as long as its `size`."""
        size = catalogue.size
        return cls(
            kind=catalogue.kind[:size].copy(),
            channel_bits=catalogue.channel_bits[:size].copy(),
            family_no=catalogue.family_no[:size].copy(),
            category_no=catalogue.category_no[:size].copy(),
            value_micros=catalogue.value_micros[:size].copy(),
            stock=catalogue.stock[:size].copy(),
            starts_us=catalogue.starts_us[:size].copy(),
            ends_us=catalogue.ends_us[:size].copy(),
            released_us=catalogue.released_us[:size].copy(),
            withdrawn=catalogue.withdrawn[:size].copy(),
            size_no=size_no,
            heat=heat,
            sold=sold,
            ancestors=ancestors,
        )


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers that are no items, by what they are about; of each thing the most valuable."""

    about_nothing: tuple[int, ...]
    by_category: Mapping[int, Sequence[int]]
    """Category number to offers."""
    by_family: Mapping[int, Sequence[int]]
    """Number of an item's family to offers."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> Offers:
        """Index a catalogue; defaults stand in a placement by themselves and are left out."""
        size = catalogue.size
        listed = (catalogue.kind[:size] > PRODUCT) & ~catalogue.withdrawn[:size]
        nos = np.flatnonzero(listed & ~catalogue.is_default[:size])
        nos = nos[np.argsort(-catalogue.value_micros[nos], kind="stable")]
        nothing: list[int] = []
        by_category: dict[int, list[int]] = {}
        by_family: dict[int, list[int]] = {}
        for no in nos.tolist():
            categories = catalogue.about_categories.get(no, ())
            item_nos = catalogue.about_nos.get(no, ())
            _list(by_category, categories, no)
            _list(by_family, catalogue.family_no[list(item_nos)].tolist(), no)
            if not categories and not item_nos and len(nothing) < _MOST_PER_THING:
                nothing.append(no)
        return cls(tuple(nothing), by_category, by_family)


def _list(offers: dict[int, list[int]], things: Iterable[int], offer_no: int) -> None:
    for thing in set(things):
        listed = offers.setdefault(thing, [])
        if len(listed) < _MOST_PER_THING:
            listed.append(offer_no)


@dataclass(frozen=True, slots=True)
class Shelf:
    """One item of each family that is to be had, best first, whole and by category."""

    ranked: NDArray[np.uint32]
    """Offer numbers of items, best first."""
    strength: NDArray[np.float32]
    """How popular each ranked one is, 0 to 1."""
    sold: NDArray[np.uint32]
    """Purchases of each one's family in the last 30 days."""
    of_family: NDArray[np.uint32]
    """Family number to the one of it that is to be had; 0: none."""
    places: NDArray[np.int32]
    """Places in `ranked`, category after category, each best first."""
    first_place: NDArray[np.int64]
    """Category to where it begins in `places`."""
    last_place: NDArray[np.int64]
    """Category to where it ends in `places`."""
    size_keys: NDArray[np.int64]
    """Family and size of variants, ascending."""
    size_nos: NDArray[np.uint32]
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

    def in_category(self, category_no: int) -> NDArray[np.int32]:
        """Return places in `ranked` of a category and all below it, best first."""
        if not 0 < category_no < len(self.first_place):
            return self.places[:0]
        return self.places[self.first_place[category_no] : self.last_place[category_no]]

    def showable(self, kinds: Iterable[int], channel: int, now_us: int) -> NDArray[np.bool_]:
        """Return, by offer number, what may be shown on a channel now; 0 may not.

        Rules check it again on the catalogue of the moment: this keeps what is sold out, over, or
        for elsewhere from taking the place of something that could be shown.
        """
        mask: NDArray[np.bool_] = np.isin(self.kind, list(kinds))
        mask &= self.from_us <= now_us
        mask &= self.until_us >= now_us
        mask &= (self.channel_bits & np.uint32(1 << channel)) != 0
        return mask

    def representatives(self, family_nos: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return which item of each family is to be had, 0 for none."""
        known = family_nos < len(self.of_family)
        return np.where(known, self.of_family[np.where(known, family_nos, 0)], np.uint32(0))

    def in_size(
        self, offer_nos: NDArray[np.uint32], family_nos: NDArray[np.uint32], size_no: int
    ) -> NDArray[np.uint32]:
        """Return the variants of a size, or the offer itself where its family has none of it."""
        if not len(self.size_keys):
            return offer_nos
        keys = _size_keys(family_nos, size_no)
        at = np.minimum(np.searchsorted(self.size_keys, keys), len(self.size_keys) - 1)
        return np.where(self.size_keys[at] == keys, self.size_nos[at], offer_nos)


def ancestors_of(categories: Categories) -> NDArray[np.int32]:
    """Return, per depth and category, the ancestor at that depth; see `Goods.ancestors`."""
    count = len(categories)
    parents = np.fromiter((categories.parent(number) for number in range(count)), np.int32, count)
    lineages = [np.arange(count, dtype=np.int32)]
    while lineages[-1].any():
        lineages.append(parents[lineages[-1]])
    depths = np.sum([lineage > 0 for lineage in lineages], axis=0)
    table = np.zeros((max(int(depths.max(initial=0)), 1), count), np.int32)
    for step, lineage in enumerate(lineages):
        there = lineage > 0
        table[depths[there] - 1 - step, np.flatnonzero(there)] = lineage[there]
    return table


def stack(goods: Goods, offers: Offers, now_us: int) -> Shelf:
    """Rank everything: by heat of the family, then the newest, then the most valuable.

    Takes about 10 ms for 100,000 items, most of it without the interpreter's lock.
    """
    is_item = goods.kind == PRODUCT
    families = goods.family_no[is_item]
    size = len(goods.kind)
    heat = _sums(families, goods.heat[is_item], size)
    sold = _sums(families, goods.sold[is_item], size)
    from_us, until_us = _times(goods)
    alive = np.flatnonzero(is_item & (from_us <= now_us) & (until_us >= now_us))
    of_family = _representatives(goods, alive)
    ranked_families = np.flatnonzero(of_family)
    ranked = of_family[ranked_families]
    order = np.lexsort(
        (-goods.value_micros[ranked], -goods.released_us[ranked], -heat[ranked_families])
    )
    ranked, ranked_families = ranked[order], ranked_families[order]
    places, first, last = _by_category(goods.category_no[ranked], goods.ancestors)
    size_keys, size_nos = _by_size(goods, alive)
    return Shelf(
        ranked=ranked,
        strength=_strength(heat[ranked_families]),
        sold=sold[ranked_families].astype(np.uint32),
        of_family=of_family,
        places=places,
        first_place=first,
        last_place=last,
        size_keys=size_keys,
        size_nos=size_nos,
        kind=goods.kind,
        channel_bits=goods.channel_bits,
        from_us=from_us,
        until_us=until_us,
        offers=offers,
    )


def _times(goods: Goods) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return from when and until when each number may be shown."""
    until_us = np.where(goods.ends_us > 0, goods.ends_us, np.iinfo(np.int64).max)
    until_us[(goods.stock == 0) | goods.withdrawn | (goods.kind == 0)] = -1
    return np.maximum(goods.starts_us, goods.released_us), until_us


def _sums(
    numbers: NDArray[np.uint32], values: NDArray[np.number], size: int
) -> NDArray[np.float64]:
    return np.bincount(numbers, values, minlength=size).astype(np.float64, copy=False)


def _representatives(goods: Goods, alive: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return per family its root, or where that is not to be had its most popular variant."""
    of_family = np.zeros(len(goods.kind), np.uint32)
    families = goods.family_no[alive]
    is_root = families == alive
    variants = alive[~is_root]
    # Of several assignments to one place the last one stays: the hottest, then the lowest number.
    coldest_first = variants[np.lexsort((-variants, goods.heat[variants]))]
    of_family[goods.family_no[coldest_first]] = coldest_first
    roots = alive[is_root]
    of_family[roots] = roots
    return of_family


def _strength(heat: NDArray[np.float64]) -> NDArray[np.float32]:
    rank = 1.0 - np.arange(len(heat)) / max(len(heat), 1)
    share = np.sqrt(heat / heat[0]) if len(heat) and heat[0] > 0.0 else np.zeros(len(heat))
    return (_SHARE_OF_RANK * rank + (1.0 - _SHARE_OF_RANK) * share).astype(np.float32)


def _by_category(
    category_no: NDArray[np.int32], ancestors: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Sort places by the category of each depth; a category is of one depth, so each comes once."""
    count = ancestors.shape[1]
    first, last = np.zeros(count, np.int64), np.zeros(count, np.int64)
    parts, begin = [], 0
    for depth in ancestors:
        there = depth[category_no]
        if count <= _MOST_16_BIT:
            there = there.astype(np.uint16)  # sorted by radix, ten times faster
        parts.append(np.argsort(there, kind="stable").astype(np.int32))
        counts = np.bincount(there, minlength=count)
        ends = begin + np.cumsum(counts)
        own = counts > 0
        own[0] = False
        first[own], last[own] = (ends - counts)[own], ends[own]
        begin += len(there)
    return np.concatenate(parts), first, last


def _by_size(
    goods: Goods, alive: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Sort the variants that have a size by family and size, the hottest first."""
    families = goods.family_no[alive]
    members = np.bincount(families, minlength=1)
    sized = alive[(goods.size_no[alive] > 0) & (members[families] > 1)]
    keys = _size_keys(goods.family_no[sized], goods.size_no[sized])
    order = np.lexsort((sized, -goods.heat[sized], keys))
    return keys[order], sized[order].astype(np.uint32)


def _size_keys(
    family_nos: NDArray[np.uint32], size_no: NDArray[np.int32] | int
) -> NDArray[np.int64]:
    return (family_nos.astype(np.int64) << _SIZE_BITS) | size_no
