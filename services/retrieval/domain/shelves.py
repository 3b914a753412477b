"""Keeps the shelf as fresh as it has to be: stacked aside and put in place whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.goods import Goods, GoodsCopy, changed_nos
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.offer_tastes import NO_OFFERS, OfferTastes, offer_tastes
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.restocking import restock
from services.retrieval.domain.season import Season
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelf import Asked, Offers, Shelf
from services.retrieval.domain.showing import Left, Showing
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.stacking import ancestors_of, stack
from shared.catalogue import Catalogue
from shared.errors import Unavailable
from shared.exchange import Exchange

PAUSE_S = 0.5
"""Shortest time between two stackings; what a change means to the order waits so long."""
UNASKED_S = 10.0
"""Popularity changes with every event: it is taken over this often."""
_SHARE = 10.0
"""Stacking takes at most one part in so many of the time."""
_UNASKED_SHARE = 50.0
"""And one in so many where nothing but popularity changed."""
_MOST_SHOWINGS = 32
_ROOM = 100_000
"""Offers that may have come since a showing was made."""
_MOST_CHANGED = 20_000
"""Offers that begin or end between two moments; of more, what may be shown is made anew."""
_FEW = 2_000
"""Rows that change together and are put into the shelf that stands."""


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


@dataclass(slots=True)
class _Shown:
    """What may be shown for some who ask, of the shelf that stands."""

    asked: Asked
    now_us: int
    """Some moment of its era."""
    showing: Showing
    is_used: bool = True
    """Asked for since the shelf was stacked."""


@dataclass(frozen=True, slots=True)
class _AskedOf:
    """What requests asked of a showing; nothing of it changes while a thread works on it."""

    asked: Asked
    indexes: Sequence[NDArray[np.uint32]]
    left: Sequence[Left]


_Key = tuple[int, int, frozenset[int], bytes]


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
        self._copy = GoodsCopy(catalogue, sizes)
        self._popularity = popularity
        self._now_us = now_us
        self._model = model
        self._placed = _Placed()
        self._season = Season(catalogue)
        self._changed = asyncio.Event()
        self._ancestors = ancestors_of(catalogue.categories)
        self._offers: Offers | None = None
        self._rates: NDArray[np.float64] | None = None
        self._families = np.zeros(0, np.uint32)
        self._shown: dict[_Key, _Shown] = {}
        self._since: list[NDArray[np.int64]] = []
        """What changed since the goods were taken of which a shelf is stacked now."""
        self._is_stacked = asyncio.Event()
        while not self._copy.step():
            pass
        self.current: Shelf = stack(self._goods(), Offers.of(catalogue, now_us()), now_us())

    async def ready(self) -> None:
        """Return once everything has been ranked."""
        await self._is_stacked.wait()

    async def check(self) -> None:
        """Raise `Unavailable` until everything has been ranked once: for health."""
        if not self._is_stacked.is_set():
            raise Unavailable("the catalogue is not ranked yet", reason="NOT_READY")

    def rows_changed(self, offer_nos: Sequence[int]) -> None:
        """Say that rows of the catalogue changed: of a few it is in effect at once."""
        nos = changed_nos(offer_nos)
        self._copy.changed(nos)
        self._since.append(nos)
        if (self._catalogue.kind[nos] != PRODUCT).any() or self._families_moved(nos):
            self._offers = None
        self._changed.set()
        if self._is_stacked.is_set() and len(nos) <= _FEW:
            self._restock(nos)

    def popularity_changed(self) -> None:
        """Say that all counts were made anew."""
        self._changed.set()

    def exchanged(self, exchange: Exchange) -> None:
        """Count amounts of several currencies by the rates of other definitions from now on."""
        self._catalogue.exchange = exchange
        self._changed.set()

    def model_changed(self) -> None:
        """Say that another model is served."""
        self._changed.set()

    async def run(self) -> None:
        """Stack for ever; a background task of the service."""
        while True:
            began = time.monotonic()
            await self.restack()
            took_s = time.monotonic() - began
            await asyncio.sleep(max(PAUSE_S, _SHARE * took_s))
            try:
                async with asyncio.timeout(max(UNASKED_S, _UNASKED_SHARE * took_s)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def restack(self) -> None:
        """Rank everything as it is now; sorting runs in a thread, so that requests go on."""
        self._follow_rates()
        await self._copied()
        # Nothing else runs from here until the goods are taken; what changes later comes after.
        self._changed.clear()
        self._since.clear()
        if self._offers is None:
            self._offers = Offers.of(self._catalogue, self._now_us())
        goods, offers = self._goods(), self._offers
        now_us = self._now_us()
        used = [await _asked_of(each) for each in self._shown.copy().values() if each.is_used]
        self.current, self._shown = await asyncio.to_thread(_stacked, goods, offers, now_us, used)
        self._is_stacked.set()
        if self._since:
            self._restock(np.concatenate(self._since))
        model = self._model()
        if model is not None and not self._placed.is_of(offers, model):
            self._placed = await asyncio.to_thread(_place, offers, model, goods)

    def _follow_rates(self) -> None:
        """Take all values anew where other rates hold, as with a currency that is new."""
        rates = self._catalogue.exchange.rates(self._catalogue)
        if rates is not self._rates:
            self._rates, self._offers = rates, None
            self._copy.changed(np.arange(self._catalogue.size))

    async def _copied(self) -> None:
        while True:
            if self._copy.step():
                return
            await asyncio.sleep(0)

    def showing(
        self, kinds: frozenset[int], channel: int, now_us: int, defined_nos: NDArray[np.uint32]
    ) -> Showing:
        """Return what may be shown of the current shelf; one for all until that changes."""
        asked, shelf = Asked(kinds, channel, defined_nos), self.current
        key = (shelf.era(now_us), *asked.key())
        found = self._shown.get(key)
        if found is None:
            showing = self._of_another_era(asked, now_us) or shelf.showing(asked, now_us)
            if len(self._shown) >= _MOST_SHOWINGS:
                del self._shown[next(iter(self._shown))]
            found = self._shown[key] = _Shown(asked, now_us, showing)
        found.is_used = True
        return found.showing

    def _of_another_era(self, asked: Asked, now_us: int) -> Showing | None:
        """Make of the nearest that may be shown then what may now: few begin or end between."""
        since_us = self.current.moments_us[0]
        same = [shown for key, shown in self._shown.items() if key[1:] == asked.key()]
        held = [shown for shown in same if shown.now_us >= since_us]
        if not held or now_us < since_us:
            return None
        nearest = min(held, key=lambda shown: abs(shown.now_us - now_us))
        nos = self.current.changed_between(nearest.now_us, now_us)
        if len(nos) > _MOST_CHANGED:
            return None
        showing = nearest.showing.copied()
        families = self._catalogue.family_no[nos].astype(np.int64)
        showing.change(nos, self.current.shown(nos, asked, now_us), families)
        return showing

    def _restock(self, offer_nos: NDArray[np.int64]) -> None:
        before = self.current
        self.current, nos = restock(before, self._catalogue, offer_nos, self._now_us())
        if self.current is not before:
            shown = self._shown.values()
            era = self.current.era
            self._shown = {(era(each.now_us), *each.asked.key()): each for each in shown}
        families = self._catalogue.family_no[nos].astype(np.int64)
        for each in self._shown.values():
            mask = each.showing.mask
            # An offer that is no item comes with the next ranking, but may go at once.
            may_come = mask[nos] | (before.kind[nos] == PRODUCT)
            shown = before.shown(nos, each.asked, each.now_us) & may_come
            each.showing.change(nos, shown, families)

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
        size = self._catalogue.size
        heat = popularity.heat(size)
        model = self._model()
        if model is not None:
            seasons = model.learned.seasons
            self._season.weigh(heat, catalogue.category_no, seasons, self._now_us())
        goods = self._copy.goods(heat, popularity.sold(size, self._now_us()), self._ancestors)
        self._families = goods.family_no
        return goods


async def _asked_of(shown: _Shown) -> _AskedOf:
    """Return what was asked of a showing; masks are read between requests, as the goods are."""
    left = []
    rows = slice(0, len(shown.showing.mask) + _ROOM)
    for key, suits, showing in shown.showing.narrowings():
        left.append(Left(key, suits, suits(rows), showing.indexes()))
        await asyncio.sleep(0)
    return _AskedOf(shown.asked, shown.showing.indexes(), left)


def _stacked(
    goods: Goods, offers: Offers, now_us: int, used: Sequence[_AskedOf]
) -> tuple[Shelf, dict[_Key, _Shown]]:
    """Return a shelf, and for those who asked of the last one what may be shown of it."""
    shelf = stack(goods, offers, now_us)
    shown: dict[_Key, _Shown] = {}
    for each in used:
        showing = shelf.showing(each.asked, now_us)
        showing.make_ready(each.indexes, each.left)
        key = (shelf.era(now_us), *each.asked.key())
        shown[key] = _Shown(each.asked, now_us, showing, is_used=False)
    return shelf, shown


def _place(offers: Offers, model: ServedModel, goods: Goods) -> _Placed:
    tastes = offer_tastes(offers.about, model, goods.category_no, goods.ancestors)
    return _Placed(offers, model.items, tastes)
