"""Puts what changed of a few offers into the shelf that stands, until all is ranked anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.shelf import Shelf, times_of
from shared.catalogue import Catalogue


def restock(
    shelf: Shelf, catalogue: Catalogue, offer_nos: NDArray[np.int64], now_us: int
) -> tuple[Shelf, NDArray[np.int64]]:
    """Write rows into a shelf; return it, with the moments that they bring, and which were written.

    What is sold out is gone at once, what is new can be found at once and gets its place in the
    order with the next ranking. Only rows for which the shelf has no room are left for that.
    """
    nos = np.unique(offer_nos)
    nos = nos[(nos > 0) & (nos < min(len(shelf.kind), catalogue.size))]
    from_us, until_us = times_of(catalogue, nos)
    shelf.kind[nos] = catalogue.kind[nos]
    shelf.channel_bits[nos] = catalogue.channel_bits[nos]
    shelf.from_us[nos], shelf.until_us[nos] = from_us, until_us
    items = nos[catalogue.kind[nos] == PRODUCT]
    _represent(shelf, items, catalogue.family_no[items].astype(np.int64), now_us)
    return shelf.with_moments_of(nos), nos


def _represent(
    shelf: Shelf, items: NDArray[np.int64], families: NDArray[np.int64], now_us: int
) -> None:
    """Choose who stands for each family: the root, who stood for it, the best, or the new one."""
    within = families < len(shelf.of_family)
    items, families = items[within], families[within]
    has_root = shelf.is_had(families, now_us)
    shelf.of_family[families[has_root]] = families[has_root]
    begins, ends = shelf.variants_of(families.astype(np.uint32))
    is_alone = ~has_root & (begins == ends) & (items == families)
    shelf.of_family[families[is_alone]] = 0
    for place in (~has_root & ~is_alone).nonzero()[0].tolist():
        family, variants = families[place], shelf.variant_nos[begins[place] : ends[place]]
        may_be = np.array((shelf.of_family[family], *variants, items[place]), np.int64)
        had = may_be[shelf.is_had(may_be, now_us)]
        shelf.of_family[family] = had[0] if len(had) else 0
