"""Takes persons out of all models that are kept, their files included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from services.retrieval.domain.learning.model import PersonModel
from services.retrieval.domain.models import Kept, ModelStore, StoredModel
from services.retrieval.storage.model_files import decode, encode
from services.retrieval.storage.models import ask_erasure_within
from shared.artefacts import ArtefactError, ArtefactStore
from shared.bus import ERASURES, Bus, EffectConsumer, Follower, Message
from shared.logging import get_logger
from shared.postgres import Database, Transaction
from touchpoint.common.v1.bus_pb2 import PersonErased

log = get_logger(__name__)

LOOK_EVERY_S = 5.0
"""Another replica may have noted an erasure and then gone."""
ORPHANED_S = 60.0
"""A file so old that no pointer names was left by a process that died."""


@dataclass(slots=True)
class _Rewriting:
    """The kept models without some persons."""

    models: list[StoredModel] = field(default_factory=list)
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    persons: int = 0


class ModelEraser:
    """Writes the persons' part of each model anew without the erased, and drops the old file."""

    def __init__(self, store: ModelStore, artefacts: ArtefactStore) -> None:
        self._store = store
        self._artefacts = artefacts
        self._asked = asyncio.Event()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Erase for ever; a background task of the service."""
        while True:
            self._asked.clear()
            await self.take_out()
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Say that somebody was noted to be taken out."""
        self._asked.set()

    async def erase(self, person_ids: Sequence[str]) -> int:
        """Take persons out of every model and return how many there were; safe to repeat."""
        await self._store.ask_erasure(person_ids)
        return await self.take_out()

    async def take_out(self) -> int:
        """Take out all who are noted and return how many there were."""
        async with self._turn:
            person_ids = await self._store.erasures()
            if not person_ids:
                return 0
            persons = await self._rewrite_all(person_ids)
            await self._store.end_erasure(person_ids)
            in_use = names_of(await self._store.kept())
            await self._artefacts.sweep(in_use, ORPHANED_S)
            return persons

    async def _rewrite_all(self, person_ids: Sequence[str]) -> int:
        while True:
            kept = await self._store.kept()
            rewriting = await self._rewritten(kept, person_ids)
            if tuple(rewriting.models) == kept.models:
                return 0
            is_done = await self._store.replace(kept.version, rewriting.models)
            in_use = names_of(await self._store.kept())
            for name in {*rewriting.old, *rewriting.new} - in_use:
                await self._artefacts.remove(name)
            if is_done:
                return rewriting.persons

    async def _rewritten(self, kept: Kept, person_ids: Sequence[str]) -> _Rewriting:
        done = _Rewriting()
        for stored in kept.models:
            try:
                data = await self._artefacts.get(stored.person_artefact)
                left, gone = await asyncio.to_thread(_without, data, person_ids)
            except ArtefactError as error:
                # Nobody can say whom it holds, so it may not stay.
                log.error("model_dropped", model=stored.name, reason=str(error))
                done.old.append(stored.person_artefact)
                continue
            if not gone:
                done.models.append(stored)
                continue
            name = await self._artefacts.put(left)
            done.models.append(replace(stored, person_artefact=name))
            done.old.append(stored.person_artefact)
            done.new.append(name)
            done.persons = max(done.persons, gone)
        return done


def _without(data: bytes, person_ids: Sequence[str]) -> tuple[bytes, int]:
    """Return a file of persons without some, and how many of them were in it."""
    persons = decode(PersonModel, data)
    left = persons.without(person_ids)
    gone = len(persons.person_ids) - len(left.person_ids)
    return (encode(left) if gone else data), gone


def names_of(kept: Kept) -> set[str]:
    """Return the artefacts that pointers name."""
    return {name for model in kept.models for name in (model.item_artefact, model.person_artefact)}


def erasures_consumer(bus: Bus, database: Database, eraser: ModelEraser) -> EffectConsumer:
    """Return what notes durably, on one replica, whom profile erased."""

    async def note(transaction: Transaction, messages: Sequence[Message]) -> None:
        await ask_erasure_within(transaction, _erased(messages))

    return EffectConsumer(
        bus,
        database,
        name="retrieval_erasures",
        stream=ERASURES,
        handle=note,
        taken=eraser.wake,  # not before the commit: it would find nobody
    )


def _erased(messages: Sequence[Message]) -> list[str]:
    told = (PersonErased.FromString(message.data) for message in messages)
    return [person_id for each in told for person_id in each.person_ids]


def erasure_follower(bus: Bus, forget: Callable[[Collection[str]], None]) -> Follower:
    """Return what drops erased persons from this replica's memory as soon as it is told."""

    async def nothing_is_missed() -> None:
        """Do nothing: the eraser writes the files anew, and replicas load what was written anew."""

    return Follower(
        bus,
        ERASURES,
        name="retrieval_forgetting",
        apply=lambda message: forget(_erased([message])),
        catch_up=nothing_is_missed,
    )
