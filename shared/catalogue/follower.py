"""Keeps a replica's catalogue equal to that of its owner, retrieval."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from shared.bus import CATALOGUE, Bus, GapError, Message
from shared.call import own_call
from shared.catalogue.catalogue import Catalogue, CatalogueGapError
from shared.client import follow, invoke
from shared.read_model import ReadModel
from touchpoint.common.v1.bus_pb2 import CatalogueNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch
from touchpoint.retrieval.v1.retrieval_service_pb2 import (
    GetCatalogueVersionRequest,
    StreamCatalogueRequest,
)

if TYPE_CHECKING:
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub

_STREAM_TIMEOUT_S = 120.0
_TIMEOUT_S = 2.0
_SERVICE = "/touchpoint.retrieval.v1.RetrievalService/"

OnChange = Callable[[Sequence[int]], None]
"""Told the numbers of the rows that were written, right after they were."""


class CatalogueFollower:
    """A catalogue with what keeps it fresh: serve from `catalogue`, keep `run` running."""

    def __init__(
        self,
        bus: Bus,
        retrieval: RetrievalServiceAsyncStub,
        *,
        service: str,
        details: bool = False,
        variants: bool = False,
        translations: bool = False,
        on_change: OnChange | None = None,
    ) -> None:
        self.catalogue = Catalogue(details=details, variants=variants, translations=translations)
        self._retrieval = retrieval
        self._on_change = on_change
        self._model = ReadModel(
            bus,
            CATALOGUE,
            name=f"{service}_catalogue_{os.getpid()}",
            apply=self._apply_message,
            catch_up=self._catch_up,
            is_behind=self._is_behind,
        )

    async def ready(self) -> None:
        """Return once all that the owner had at the start is here."""
        await self._model.ready()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until then, and never again: for health."""
        await self._model.check_ready()

    async def check_lag(self) -> None:
        """Raise `Unavailable` until then and while it lags: for health to watch."""
        await self._model.check_lag()

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._model.run()

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
        if changed and self._on_change is not None:
            self._on_change(changed)

    async def _is_behind(self) -> bool:
        call = own_call(_SERVICE + "GetCatalogueVersion")
        request = GetCatalogueVersionRequest()
        newest = await invoke(self._retrieval.GetCatalogueVersion, request, call, _TIMEOUT_S)
        return newest.version != self.catalogue.version

    async def _catch_up(self) -> None:
        """Fetch what the owner has and this has not; a slice is applied whole, then others run."""
        request = StreamCatalogueRequest(version=self.catalogue.version)
        call = own_call(_SERVICE + "StreamCatalogue")
        stream = follow(self._retrieval.StreamCatalogue, request, call, _STREAM_TIMEOUT_S)
        async for response in stream:
            self._apply(response.batch)
            await asyncio.sleep(0)
