"""Keeps contents equal to the catalogue: what is new or changed is placed as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.cold_items import ColdItems
from services.retrieval.domain.contents import NO_CONTENTS, Contents, GrowingContents
from services.retrieval.domain.learning.content import Projector
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.terms import ItemTexts, marks_of
from services.retrieval.domain.served_model import BuildIndex, ServedModel, looked_up
from shared.catalogue import Catalogue

_PLACED_AT_ONCE = 32
_COMPARED_AT_ONCE = 256
"""Families that are dealt with without letting requests in between: about a millisecond."""
_SHARE = 4.0
"""Placing what did not change just now takes one part of the time, and rests so many."""
_LEAST_ALIKE = 0.2
_LEAST_ALIKE_UNTRAINED = 0.4
"""Where no word is known to be more telling than another, an eighth comes by chance."""


class LiveContents:
    """Owns the contents that are searched; a query takes them once and keeps them.

    Those in the space of another model are served once all that the model does not hold is placed
    in it too, so that nothing is lost meanwhile.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        build: BuildIndex,
        model: Callable[[], ServedModel | None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._build = build
        self._model = model
        self._changed = asyncio.Event()
        self._full = asyncio.Event()
        self._fresh: dict[int, None] = {}
        """Families that changed just now, in the order of their change."""
        self._serving: _Space | None = None
        self._coming: _Space | None = None

    @property
    def current(self) -> Contents:
        """What is to be searched now."""
        return self._serving.growing.current if self._serving else NO_CONTENTS

    def of_model(self, model: ServedModel) -> Contents:
        """Return what a model holds, as it is searched later on; do it in a thread."""
        return _Space(self._build, model).growing.current

    def rows_changed(self, offer_nos: Sequence[int]) -> None:
        """Say that rows of the catalogue changed."""
        if self._serving is None:
            return  # all of them will be looked at
        families = self._catalogue.family_no[np.array(offer_nos)]
        self._fresh.update(dict.fromkeys(families[families > 0].tolist()))
        self._changed.set()

    def model_changed(self) -> None:
        """Say that another model is served."""
        self._changed.set()

    async def run(self) -> None:
        """Place for ever; a background task of the service, begun when the catalogue is there."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._place_for_ever())
            tasks.create_task(self._fold_for_ever())

    async def catch_up(self) -> None:
        """Place all that is not placed yet: what just changed first, the rest at leisure."""
        self._changed.clear()
        await self._follow_model()
        while self._fresh or self._coming or (self._serving and self._serving.is_waiting):
            began = time.monotonic()
            if self._fresh:
                self._place_fresh()
                await asyncio.sleep(0)
            else:
                self._go_on()
                await self._rest(_SHARE * (time.monotonic() - began))
            await self._follow_model()

    async def fold(self) -> None:
        """Make indexes of blocks that are full; what comes meanwhile begins others."""
        for space in (self._serving, self._coming):
            while space is not None and space.growing.is_full:
                await space.growing.fold()

    async def _place_for_ever(self) -> None:
        while True:
            await self.catch_up()
            await self._changed.wait()

    async def _fold_for_ever(self) -> None:
        while True:
            await self._full.wait()
            self._full.clear()
            await self.fold()

    async def _follow_model(self) -> None:
        """Begin anew in the space of the model that is served, unless that is under way."""
        model = self._model()
        under_way = self._coming or self._serving
        if under_way is not None and under_way.items is (model.items if model else None):
            return
        # What is small of it takes a millisecond; a large model many, so that others go on.
        space = await asyncio.to_thread(_Space, self._build, model)
        if self._serving is None:
            self._serving = space
        else:
            self._coming = space
        catalogue = self._catalogue
        size = catalogue.size
        space.waiting = await asyncio.to_thread(
            _sold_families,
            catalogue.kind[:size].copy(),
            catalogue.withdrawn[:size].copy(),
            catalogue.family_no[:size].copy(),
        )

    def _place_fresh(self) -> None:
        families = list(self._fresh)[:_PLACED_AT_ONCE]
        for each in families:
            del self._fresh[each]
        for space in (self._serving, self._coming):
            if space is not None:
                self._place(space, np.array(families, np.int64))

    def _go_on(self) -> None:
        """Take the next step of looking at everything; the highest numbers came last and go first.

        What the model holds as it is need not be placed.
        """
        space = self._coming or self._serving
        assert space is not None, "it is only asked for when something waits"
        if len(space.missing):
            self._place(space, space.missing[-_PLACED_AT_ONCE:])
            space.missing = space.missing[:-_PLACED_AT_ONCE]
        else:
            families = space.waiting[-_COMPARED_AT_ONCE:]
            space.waiting = space.waiting[:-_COMPARED_AT_ONCE]
            space.missing = space.not_held(texts_of(self._catalogue, families))
        if space is self._coming and not space.is_waiting:
            self._serving, self._coming = space, None

    def _place(self, space: _Space, families: NDArray[np.int64]) -> None:
        texts = texts_of(self._catalogue, families)
        space.growing.put(families, space.projector.vectors(texts))
        if space.growing.is_full:
            self._full.set()

    async def _rest(self, seconds: float) -> None:
        """Leave the processor to others, unless something changes."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
                self._changed.clear()
        except TimeoutError:
            return


class _Space:
    """Contents in the space of one model, and what is still to be looked at.

    Nothing that names persons is kept: those that are served change while the space stays.
    """

    def __init__(self, build: BuildIndex, model: ServedModel | None) -> None:
        self.items: ItemModel | None = model.items if model else None
        self.waiting = np.zeros(0, np.int64)
        """Families to be compared with what the model holds."""
        self.missing = np.zeros(0, np.int64)
        """Families found to be new or different."""
        self._held: _Held | None = None
        if model is None or not model.learned.space.is_learned:
            self.growing = GrowingContents(build, _LEAST_ALIKE_UNTRAINED)
            self.projector = Projector()
            return
        self._held = _Held(model.content_rows, model.learned.space.marks)
        self.growing = GrowingContents(build, _LEAST_ALIKE, _cold_items(model))
        self.projector = Projector(model.learned.space)
        self.growing.begin_with(model.items.content_nos, model.items.content, model.content_index)

    @property
    def is_waiting(self) -> bool:
        return len(self.waiting) > 0 or len(self.missing) > 0

    def not_held(self, texts: ItemTexts) -> NDArray[np.int64]:
        """Return the families that the model does not hold as they are now."""
        families = texts.offer_nos.astype(np.int64)
        if self._held is None:
            return families
        rows = looked_up(self._held.rows, families)
        marks = self._held.marks[rows]
        missing: NDArray[np.int64] = families[(rows < 0) | (marks != marks_of(texts))]
        return missing


@dataclass(frozen=True, slots=True)
class _Held:
    """What a model holds of items."""

    rows: NDArray[np.int64]
    """Row of each family's content, or `NOT_LEARNED`."""
    marks: NDArray[np.uint32]
    """By row, of which texts it was made."""


def _cold_items(model: ServedModel) -> ColdItems | None:
    """Return what nobody dealt with yet, where training found out how to foretell who would."""
    return ColdItems(model) if len(model.learned.fit.to_taste) else None


def texts_of(catalogue: Catalogue, family_nos: NDArray[np.integer]) -> ItemTexts:
    """Return what families are called: a family goes by its root, also where that is not sold."""
    nos = family_nos.tolist()
    return ItemTexts(
        family_nos.astype(np.uint32),
        [catalogue.titles[no] for no in nos],
        list(map(catalogue.categories.text, catalogue.category_no[family_nos].tolist())),
        list(map(catalogue.brands.text, catalogue.brand_no[family_nos].tolist())),
        catalogue.home_prices(family_nos),
    )


def _sold_families(
    kind: NDArray[np.uint8], withdrawn: NDArray[np.bool_], family_no: NDArray[np.uint32]
) -> NDArray[np.int64]:
    return np.unique(family_no[(kind == PRODUCT) & ~withdrawn]).astype(np.int64)
