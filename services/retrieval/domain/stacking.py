"""Stacks a shelf: ranks all items and sorts them by category and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.shelf import Offers, Shelf, size_keys
from shared.catalogue import Catalogue, Categories

_MOST_16_BIT = 1 << 16
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
    keys, size_nos = _by_size(goods, alive)
    return Shelf(
        ranked=ranked,
        strength=_strength(heat[ranked_families]),
        sold=sold[ranked_families].astype(np.uint32),
        every_place=np.arange(len(ranked)),
        of_family=of_family,
        places=places,
        first_place=first,
        last_place=last,
        size_keys=keys,
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


def _representatives(goods: Goods, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return per family its root, or where that is not to be had its most popular variant."""
    of_family = np.zeros(len(goods.kind), np.int64)
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
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sort places by the category of each depth; a category is of one depth, so each comes once."""
    count = ancestors.shape[1]
    first, last = np.zeros(count, np.int64), np.zeros(count, np.int64)
    parts, begin = [], 0
    for depth in ancestors:
        there = depth[category_no]
        if count <= _MOST_16_BIT:
            there = there.astype(np.uint16)  # sorted by radix, ten times faster
        parts.append(np.argsort(there, kind="stable"))
        counts = np.bincount(there, minlength=count)
        ends = begin + np.cumsum(counts)
        own = counts > 0
        own[0] = False
        first[own], last[own] = (ends - counts)[own], ends[own]
        begin += len(there)
    return np.concatenate(parts), first, last


def _by_size(goods: Goods, alive: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort the variants that have a size by family and size, the hottest first."""
    families = goods.family_no[alive]
    members = np.bincount(families, minlength=1)
    sized = alive[(goods.size_no[alive] > 0) & (members[families] > 1)]
    keys = size_keys(goods.family_no[sized], goods.size_no[sized])
    order = np.lexsort((sized, -goods.heat[sized], keys))
    return keys[order], sized[order]
