"""The catalogue in this replica's memory, kept equal to what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError

from services.retrieval.domain.catalogue import CatalogueStore
from services.retrieval.domain.sizes import ATTRIBUTE, Sizes
from services.retrieval.rows import encode_batch
from shared.bus import CATALOGUE, Bus, GapError, Message
from shared.catalogue import Catalogue, CatalogueGapError
from shared.read_model import ReadModel
from touchpoint.common.v1.bus_pb2 import CatalogueNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch


class CatalogueReplica:
    """Applies every change within a second of its commit, and its own at once.

    `on_change` is told the numbers of the rows that changed.
    """

    def __init__(self, bus: Bus, store: CatalogueStore) -> None:
        self.catalogue = Catalogue()
        self.sizes = Sizes()
        self.on_change: Callable[[Sequence[int]], None] = lambda _: None
        self._store = store
        self._newer = asyncio.Event()
        self._turn = asyncio.Lock()
        self._model = ReadModel(
            bus,
            CATALOGUE,
            name="retrieval_catalogue",
            apply=self._apply_message,
            catch_up=self.catch_up,
            is_behind=self._is_behind,
        )

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._model.run()

    async def ready(self) -> None:
        """Return once all that is stored is here."""
        await self._model.ready()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until then, and never again: for health."""
        await self._model.check_ready()

    async def check_lag(self) -> None:
        """Raise `Unavailable` until then and while it lags: for health to watch."""
        await self._model.check_lag()

    async def newer_than(self, version: int) -> None:
        """Return once this replica holds a later version."""
        while self.catalogue.version <= version:
            await self._newer.wait()

    async def catch_up(self) -> None:
        """Read what is stored and not here yet."""
        async with self._turn:
            while True:
                part = await self._store.read_after(self.catalogue.version)
                self._apply(encode_batch(part))
                if part.version == part.newest_version:
                    return

    async def _is_behind(self) -> bool:
        return await self._store.newest_version() != self.catalogue.version

    def _apply_message(self, message: Message) -> None:
        notice = CatalogueNotice()
        try:
            notice.ParseFromString(message.data)
            if notice.fetch and notice.batch.version > self.catalogue.version:
                raise GapError("rows were left out")
            self._apply(notice.batch)
        except (CatalogueGapError, DecodeError) as error:
            raise GapError(str(error)) from error

    def _apply(self, batch: CatalogueBatch) -> None:
        changed = self.catalogue.apply(batch)
        if not changed:
            return
        sizes = [row.attributes[ATTRIBUTE] if row.attributes else "" for row in batch.rows]
        self.sizes.put(changed, sizes)
        self._newer.set()
        self._newer = asyncio.Event()
        self.on_change(changed)
