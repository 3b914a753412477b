"""The model this replica serves, kept equal to the newest one that can be served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from services.retrieval.domain.learning.model import ItemModel, LearnedModel, PersonModel
from services.retrieval.domain.models import Kept, ModelStore, StoredModel
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.storage.indexes import build_index
from services.retrieval.storage.model_files import check, decode
from shared.artefacts import ArtefactError, ArtefactStore
from shared.bus import MODELS, Bus, GapError, Message
from shared.bus.subjects import RETRIEVAL_MODEL_MOVED
from shared.errors import Unavailable
from shared.logging import get_logger
from shared.read_model import ReadModel
from touchpoint.common.v1.bus_pb2 import ModelNotice

log = get_logger(__name__)

RETRY_S = 30.0
"""What could not be read may only have been out of reach."""


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, and where it came from."""

    model: ServedModel
    stored: StoredModel


class ModelReplica:
    """Loads what the pointer names aside, checks it, and then swaps one reference.

    What cannot be served changes nothing: the one before it stays. `on_change` is told of a swap.
    """

    def __init__(self, bus: Bus, store: ModelStore, artefacts: ArtefactStore) -> None:
        self.served: Served | None = None
        self.version = 0
        """Of the pointer, as this replica last read it."""
        self.refusal = ""
        """Why the newest model is not served; empty: it is, or there is none."""
        self.on_change: Callable[[], None] = lambda: None
        self._store = store
        self._artefacts = artefacts
        self._forgotten: set[str] = set()
        self._retry_at = 0.0
        self._turn = asyncio.Lock()
        self._follower = ReadModel(
            bus,
            MODELS,
            name="retrieval_model",
            apply=self._apply,
            catch_up=self.catch_up,
            is_behind=self._is_behind,
        )

    @property
    def model(self) -> ServedModel | None:
        """The model that sources ask; None while there is none."""
        return self.served.model if self.served else None

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._follower.run()

    async def check(self) -> None:
        """Raise `Unavailable` while a newer model cannot be served: for health to watch."""
        if self.refusal:
            raise Unavailable(self.refusal, reason="MODEL_REFUSED")

    def forget(self, person_ids: Collection[str]) -> None:
        """Drop persons from memory, also from what is just being loaded."""
        self._forgotten.update(person_ids)
        if self.served is not None:
            model = self.served.model.forgetting(person_ids, build_index)
            self.served = Served(model, self.served.stored)

    async def catch_up(self) -> None:
        """Serve the newest model that can be, if it is not served yet."""
        async with self._turn:
            self._forgotten.clear()
            kept = await self._store.kept()
            refusals: list[str] = []
            for stored in kept.models:
                try:
                    await self._serve(stored, kept)
                    break
                except ArtefactError as error:
                    refusals.append(f"model {stored.name} is not served: {error}")
            self.version = kept.version
            self._retry_at = time.monotonic() + RETRY_S
            self._refuse(refusals[0] if refusals else "")

    async def _serve(self, stored: StoredModel, kept: Kept) -> None:
        """Raise `ArtefactError` where it must not or cannot be served."""
        obstacle = kept.obstacle(stored)
        if obstacle:
            raise ArtefactError(obstacle)
        if self.served is not None and self.served.stored == stored:
            return
        items = await self._artefacts.get(stored.item_artefact)
        persons = await self._artefacts.get(stored.person_artefact)
        model = await asyncio.to_thread(_ready, stored, items, persons)
        self.served = Served(model.forgetting(self._forgotten, build_index), stored)
        log.info("model_served", model=stored.name, persons=len(model.person_rows))
        self.on_change()

    def _refuse(self, refusal: str) -> None:
        if refusal and refusal != self.refusal:
            log.error("model_refused", reason=refusal)
        self.refusal = refusal

    async def _is_behind(self) -> bool:
        if self.refusal and time.monotonic() >= self._retry_at:
            return True
        return await self._store.newest_version() != self.version

    def _apply(self, message: Message) -> None:
        if message.subject != RETRIEVAL_MODEL_MOVED:
            return
        if ModelNotice.FromString(message.data).version > self.version:
            raise GapError("another model is to be served")


def _ready(stored: StoredModel, items: bytes, persons: bytes) -> ServedModel:
    learned = LearnedModel(decode(ItemModel, items), decode(PersonModel, persons))
    check(learned)
    if learned.items.catalogue_id != stored.catalogue_id:
        raise ArtefactError("it was trained on another catalogue")
    return ServedModel.of(stored.name, learned, build_index)
