"""Reads the sizes and the like that somebody kept out of their snapshot."""

from __future__ import annotations

from collections.abc import Iterator

from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.sizes import ATTRIBUTE, Sizes
from services.retrieval.domain.wardrobe import Wardrobe
from shared.catalogue import Catalogue
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_LEAST_SHARE = 0.2
"""A smaller share of what somebody kept was bought for others, or once by mistake."""
_BOUGHT_LAST = 0.5
"""What a size bought last weighs where no share of it is known."""
_MOST_BOUGHT_LAST = 2


class WardrobeReader:
    """Knows what categories, sizes and attributes stand for on this replica."""

    def __init__(self, catalogue: Catalogue, sizes: Sizes, attributes: Attributes) -> None:
        self._catalogue = catalogue
        self._sizes = sizes
        self._attributes = attributes

    def read(self, snapshot: PersonSnapshot) -> Wardrobe:
        """Return what was kept, by category, and beside it the sizes bought last."""
        kept = snapshot.traits.variants
        sizes: dict[int, dict[int, float]] = {}
        elsewhere = dict.fromkeys(self._bought_last(snapshot), _BOUGHT_LAST)
        liked: dict[int, float] = {}
        rows = zip(kept.categories, kept.names, kept.values, kept.shares)
        for path, name, value, share in rows:
            if share < _LEAST_SHARE:
                continue
            if name != ATTRIBUTE:
                pair = self._attributes.pair(name, value)
                liked[pair] = max(share, liked.get(pair, 0.0))
            elif size_no := self._sizes.number(value):
                sizes.setdefault(self._catalogue.categories.find(path), {})[size_no] = share
                elsewhere[size_no] = max(share, elsewhere.get(size_no, 0.0))
        return Wardrobe(sizes, elsewhere, liked)

    def _bought_last(self, snapshot: PersonSnapshot) -> list[int]:
        return list(dict.fromkeys(self._bought(snapshot)))[:_MOST_BOUGHT_LAST]

    def _bought(self, snapshot: PersonSnapshot) -> Iterator[int]:
        recent = snapshot.recent
        for event_type, offer_no in zip(recent.types, recent.offer_nos):
            if event_type == "purchase" and offer_no and (size_no := self._sizes.of(offer_no)):
                yield size_no
