"""The model this replica serves, kept equal to the newest one that can be served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from services.retrieval.domain.models import Kept, ModelStore, StoredModel
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.storage.indexes import (
    EXACT_UP_TO,
    build_index,
    build_person_index,
)
from services.retrieval.storage.model_files import PERSONS, check, decode_model
from services.retrieval.storage.model_indexes import decoded_indexes
from services.retrieval.storage.vectors.exact import ExactIndex
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
        self.warm: Callable[[ServedModel], Callable[[], None]] = lambda _model: _nothing
        """Makes a model ready to be asked: called at once, what it returns in a thread."""
        self._store = store
        self._artefacts = artefacts
        self._forgotten: set[str] = set()
        """Who may still be in a file that is loaded."""
        self._to_purge = asyncio.Event()
        self._to_index = asyncio.Event()
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
        """Follow and purge for ever; a background task of the service."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follower.run())
            tasks.create_task(self._purge_for_ever())
            tasks.create_task(self._index_for_ever())

    async def ready(self) -> None:
        """Return once this replica knows for the first time which model is to be served."""
        await self._follower.ready()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until then, and never again: for health."""
        await self._follower.check_ready()

    async def check(self) -> None:
        """Raise `Unavailable` while a newer model cannot be served: for health to watch."""
        if self.refusal:
            raise Unavailable(self.refusal, reason="MODEL_REFUSED")

    def forget(self, person_ids: Collection[str]) -> None:
        """Know persons no more from now on; their data leave memory at once, but aside."""
        self._forgotten.update(person_ids)
        if self.served is not None:
            self.served.model.hide(person_ids)
        self._to_purge.set()

    async def refuse_unservable(self, stored: StoredModel, kept: Kept) -> None:
        """Raise `ArtefactError` for a model that is not to be served, or whose files are harmed."""
        obstacle = kept.obstacle(stored)
        if obstacle:
            raise ArtefactError(obstacle)
        await asyncio.gather(*map(self._artefacts.file, stored.files))

    async def catch_up(self) -> None:
        """Serve the newest model that can be, if it is not served yet."""
        async with self._turn:
            while True:
                kept = await self._store.kept()
                self._drop_foreign(kept)
                refusal = await self._serve_first(kept)
                # Files that were replaced while they were read are no fault of the newest model.
                if not refusal or await self._store.newest_version() == kept.version:
                    break
            self.version = kept.version
            self._retry_at = time.monotonic() + RETRY_S
            self._refuse(refusal)

    def _drop_foreign(self, kept: Kept) -> None:
        """Serve nothing rather than a model whose numbers mean other things by now."""
        if self.served is not None and kept.obstacle(self.served.stored):
            log.error("model_dropped", model=self.served.stored.name)
            self.served = None
            self.on_change()

    async def _serve_first(self, kept: Kept) -> str:
        """Serve the newest that can be served; return why the newest of all cannot, or nothing."""
        refusal = ""
        for stored in kept.servable:
            try:
                await self._serve(stored, kept)
                break
            except ArtefactError as error:
                refusal = refusal or f"model {stored.name} is not served: {error}"
        self._drop_withdrawn(kept)
        return refusal

    def _drop_withdrawn(self, kept: Kept) -> None:
        """Serve nothing rather than what was taken back, where nothing else can be served."""
        withdrawn = {each.model_no for each in kept.models if each.is_withdrawn}
        if self.served is not None and self.served.stored.model_no in withdrawn:
            log.error("model_dropped", model=self.served.stored.name)
            self.served = None
            self.on_change()

    async def _serve(self, stored: StoredModel, kept: Kept) -> None:
        """Raise `ArtefactError` where it must not or cannot be served."""
        obstacle = kept.obstacle(stored)
        if obstacle:
            raise ArtefactError(obstacle)
        if self.served is not None and self.served.stored == stored:
            return
        known = self._with_parts_of(stored)
        wanted = {} if known else stored.artefacts
        files = await self._read({**wanted, PERSONS: stored.person_artefact})
        model = await asyncio.to_thread(_ready, stored, files, known)
        if not known:
            await asyncio.to_thread(self.warm(model))
        # Not the other way round: there are a million of these rows.
        self._forgotten = {each for each in self._forgotten if each in model.person_rows}
        model.hide(self._forgotten)
        self.served = Served(model, stored)
        self._to_index.set()
        log.info("model_served", model=stored.name, persons=len(model.person_rows))
        if self._forgotten:
            self._to_purge.set()
        self.on_change()

    async def _read(self, wanted: Mapping[str, str]) -> dict[str, bytes]:
        """Read several files at a time: to check one takes a processor as long as to read it."""
        contents = await asyncio.gather(*map(self._artefacts.get, wanted.values()))
        return dict(zip(wanted, contents, strict=True))

    def _with_parts_of(self, stored: StoredModel) -> ServedModel | None:
        """Return what is served where only persons were taken out of it since."""
        served = self.served
        is_known = served is not None and served.stored.artefacts == stored.artefacts
        return served.model if served is not None and is_known else None

    async def _purge_for_ever(self) -> None:
        while True:
            await self._to_purge.wait()
            self._to_purge.clear()
            await self._purge()

    async def _purge(self) -> None:
        """Take out the data of whoever is hidden, in a thread: requests go on."""
        async with self._turn:
            if self.served is None:
                return
            served, gone = self.served, tuple(self._forgotten)
            model = await asyncio.to_thread(_without, served.model, gone)
            model.hide(self._forgotten)
            self.served = Served(model, served.stored)
            self._to_index.set()

    async def _index_for_ever(self) -> None:
        while True:
            await self._to_index.wait()
            self._to_index.clear()
            await self._index_persons()

    async def _index_persons(self) -> None:
        """Search persons faster from now on; until then all of them are compared."""
        served = self.served
        if served is None or len(served.model.persons.person_ids) <= EXACT_UP_TO:
            return
        index = await asyncio.to_thread(build_person_index, served.model.persons)
        model = served.model.with_person_index(index)
        async with self._turn:
            if self.served is served:
                self.served = Served(model, served.stored)

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
        try:
            version = ModelNotice.FromString(message.data).version
        except DecodeError as error:
            raise GapError(str(error)) from error
        if version > self.version:
            raise GapError("another model is to be served")


def _nothing() -> None:
    """Warm nothing."""


def _without(model: ServedModel, person_ids: Collection[str]) -> ServedModel:
    """Take persons out of a model; those who are left are all compared at first."""
    return model.forgetting(person_ids, ExactIndex)


def _ready(
    stored: StoredModel,
    files: Mapping[str, bytes],
    known: ServedModel | None,
) -> ServedModel:
    """Make a model ready; of one that is `known` but for its persons only they are read."""
    learned = decode_model(files, known.learned if known else None)
    check(learned)
    if learned.items.catalogue_id != stored.catalogue_id:
        raise ArtefactError("it was trained on another catalogue")
    indexes = decoded_indexes(learned, files)
    if known:
        return known.with_persons(learned.persons, ExactIndex)
    return ServedModel.of(stored.name, learned, build_index, indexes, ExactIndex)
