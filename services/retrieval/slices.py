"""Slices of the catalogue for its followers: one is read at a time, and each only once."""

from __future__ import annotations

import asyncio

from services.retrieval.domain.catalogue import CatalogueStore
from services.retrieval.rows import encode_batch
from touchpoint.retrieval.v1.retrieval_service_pb2 import StreamCatalogueResponse

MOST_KEPT = 8
"""About 1 MB each; followers that begin together stay nearly as close."""


class SliceReader:
    """Reads for all streams of this replica.

    When a service with many items starts, five followers ask for the same 70,000 rows at once:
    together they hold one connection of the pool, for one slice each time, and share what was read.
    """

    def __init__(self, store: CatalogueStore) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._kept: dict[tuple[int, int], StreamCatalogueResponse] = {}
        """By the version asked for and the newest one: while that stands, nothing has changed."""

    async def after(self, version: int) -> StreamCatalogueResponse:
        """Return the slice that follows a version; readers share it, so it must not be changed.

        Raises `OutOfRange` for a version that was never reached.
        """
        async with self._turn:
            kept = self._kept.get((version, await self._store.newest_version()))
            return await self._read(version) if kept is None else kept

    async def _read(self, version: int) -> StreamCatalogueResponse:
        part = await self._store.read_after(version)
        response = StreamCatalogueResponse(newest_version=part.newest_version)
        response.batch.CopyFrom(encode_batch(part))
        if part.entries:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[version, part.newest_version] = response
        return response
