"""Keeps the shelf as fresh as it has to be: stacked aside and put in place whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.offer_tastes import NO_OFFERS, OfferTastes, offer_tastes
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelf import Offers, Shelf
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.stacking import Goods, ancestors_of, stack
from shared.catalogue import Catalogue
from shared.errors import Unavailable

PAUSE_S = 0.5
"""Shortest time between two stackings; a change waits no longer than this and the stacking."""
UNASKED_S = 10.0
"""Popularity changes with every event: it is taken over this often."""
_SHARE = 10.0
"""Stacking takes at most one part in so many of the time."""
_MOST_MASKS = 64
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class _Placed:
    """Offers placed in the space of a model."""

    offers: Offers | None = None
    items: ItemModel | None = None
    """Where things lie; which persons the model knows does not matter."""
    tastes: OfferTastes = NO_OFFERS

    def is_of(self, offers: Offers, model: ServedModel) -> bool:
        """Say whether it is just these offers in the space of this model."""
        return self.offers is offers and self.items is model.items


class Shelves:
    """Owns the current shelf; a query takes it once and keeps it."""

    def __init__(
        self,
        catalogue: Catalogue,
        sizes: Sizes,
        popularity: Callable[[], Popularity],
        now_us: Callable[[], int],
        model: Callable[[], ServedModel | None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._sizes = sizes
        self._popularity = popularity
        self._now_us = now_us
        self._model = model
        self._placed = _Placed()
        self._changed = asyncio.Event()
        self._ancestors = ancestors_of(catalogue.categories)
        self._offers: Offers | None = None
        self._families = np.zeros(0, np.uint32)
        self._masks: dict[tuple[int, frozenset[int], int, bytes], NDArray[np.bool_]] = {}
        self._is_stacked = False
        self.current: Shelf = stack(self._goods(), Offers.of(catalogue), now_us())

    async def check(self) -> None:
        """Raise `Unavailable` until everything has been ranked once: for health."""
        if not self._is_stacked:
            raise Unavailable("the catalogue is not ranked yet", reason="NOT_READY")

    def rows_changed(self, offer_nos: Sequence[int]) -> None:
        """Say that rows of the catalogue changed."""
        nos = np.array(offer_nos)
        if (self._catalogue.kind[nos] != PRODUCT).any() or self._families_moved(nos):
            self._offers = None
        self._changed.set()

    def popularity_changed(self) -> None:
        """Say that all counts were made anew."""
        self._changed.set()

    def model_changed(self) -> None:
        """Say that another model is served."""
        self._changed.set()

    async def run(self) -> None:
        """Stack for ever; a background task of the service."""
        while True:
            began = time.monotonic()
            await self.restack()
            await asyncio.sleep(max(PAUSE_S, _SHARE * (time.monotonic() - began)))
            try:
                async with asyncio.timeout(UNASKED_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def restack(self) -> None:
        """Rank everything as it is now; sorting runs in a thread, so that requests go on."""
        self._changed.clear()
        if self._offers is None:
            self._offers = Offers.of(self._catalogue)
        goods, offers = self._goods(), self._offers
        self.current = await asyncio.to_thread(stack, goods, offers, self._now_us())
        self._masks.clear()
        self._is_stacked = True
        model = self._model()
        if model is not None and not self._placed.is_of(offers, model):
            self._placed = await asyncio.to_thread(_place, offers, model, goods)

    def showable(
        self, kinds: frozenset[int], channel: int, now_us: int, defined_nos: NDArray[np.uint32]
    ) -> NDArray[np.bool_]:
        """Return the current shelf's mask of what may be shown, exact to the second."""
        key = (channel, kinds, now_us // _US, defined_nos.tobytes())
        mask = self._masks.get(key)
        if mask is None:
            if len(self._masks) >= _MOST_MASKS:
                self._masks.clear()
            mask = self._masks[key] = self.current.showable(kinds, channel, now_us, defined_nos)
        return mask

    def offer_tastes(self, model: ServedModel | None) -> OfferTastes:
        """Return the offers in the space of a model; none until they were placed in it."""
        is_there = model is not None and self._placed.items is model.items
        return self._placed.tastes if is_there else NO_OFFERS

    def _families_moved(self, offer_nos: NDArray[np.int64]) -> bool:
        """Say whether items changed their family: offers are indexed by it."""
        known = offer_nos[offer_nos < len(self._families)]
        before, now = self._families[known], self._catalogue.family_no[known]
        return bool(((before > 0) & (before != now)).any())

    def _goods(self) -> Goods:
        catalogue, popularity = self._catalogue, self._popularity()
        if self._ancestors.shape[1] != len(catalogue.categories):
            self._ancestors = ancestors_of(catalogue.categories)
        goods = Goods.copied(
            catalogue,
            self._sizes.copy(catalogue.size),
            popularity.heat(catalogue.size),
            popularity.sold(catalogue.size, self._now_us()),
            self._ancestors,
        )
        self._families = goods.family_no
        return goods


def _place(offers: Offers, model: ServedModel, goods: Goods) -> _Placed:
    tastes = offer_tastes(offers.about, model, goods.category_no, goods.ancestors)
    return _Placed(offers, model.items, tastes)
