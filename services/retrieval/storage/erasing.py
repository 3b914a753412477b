"""Takes persons out of all models that are kept, their files included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from services.retrieval.domain.models import Kept, ModelStore, StoredModel
from services.retrieval.storage.models import ask_erasure_within
from services.retrieval.storage.person_files import without_persons
from shared.artefacts import ArtefactAwayError, ArtefactError, ArtefactStore
from shared.bus import ERASURES, Bus, EffectConsumer, Follower, Message
from shared.errors import Unavailable
from shared.logging import get_logger
from shared.postgres import Database, Transaction
from touchpoint.common.v1.bus_pb2 import PersonErased

log = get_logger(__name__)

LOOK_EVERY_S = 5.0
"""Another replica may have noted an erasure and then gone."""
ORPHANED_S = 60.0
"""A file so old that no pointer names was left by a process that died."""


class ModelEraser:
    """Writes the persons' part of each model anew without the erased, and drops the old file.

    One model at a time, so that no file waits long for its pointer. Several may do it at once:
    whose pointers moved meanwhile begins anew.
    """

    def __init__(self, store: ModelStore, artefacts: ArtefactStore) -> None:
        self._store = store
        self._artefacts = artefacts
        self._wanted: tuple[str, ...] = ()
        self._without: set[str] = set()
        """Files known to hold none of those: to read them takes seconds."""
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
        """Take out all who are noted and return how many there were.

        Raises Unavailable where a file is out of reach for now.
        """
        async with self._turn:
            person_ids = await self._store.erasures()
            if person_ids != self._wanted:
                self._wanted, self._without = person_ids, set()
            return await self._rewrite_all(person_ids) if person_ids else 0

    async def _rewrite_all(self, person_ids: Sequence[str]) -> int:
        persons = 0
        while True:
            kept = await self._store.kept()
            left = (each for each in kept.models if each.person_artefact not in self._without)
            stored = next(left, None)
            if stored is not None:
                persons = max(persons, await self._rewrite(kept, stored, person_ids))
            elif await self._store.end_erasure(person_ids, kept.version):
                self._without &= names_of(kept)
                if not kept.is_training:
                    await self._artefacts.sweep(names_of(kept), ORPHANED_S)
                return persons

    async def _rewrite(self, kept: Kept, stored: StoredModel, person_ids: Sequence[str]) -> int:
        """Take persons out of one model; return how many, 0 also where the pointers moved."""
        try:
            data = await self._artefacts.get(stored.person_artefact)
            left, gone = await asyncio.to_thread(without_persons, data, person_ids)
        except ArtefactAwayError as error:
            raise Unavailable(str(error), reason="ARTEFACT_AWAY") from error
        except ArtefactError as error:
            # Nobody can say whom it holds, so it may not stay.
            log.error("model_dropped", model=stored.name, reason=str(error))
            others = [each for each in kept.models if _is_elsewhere(each, stored)]
            if await self._store.replace(kept.version, others):
                await self._artefacts.remove(stored.person_artefact)
            return 0
        if not gone:
            self._without.add(stored.person_artefact)
            return 0
        name = await self._artefacts.put(left)
        models = [
            each if _is_elsewhere(each, stored) else replace(each, person_artefact=name)
            for each in kept.models
        ]
        is_done = await self._store.replace(kept.version, models)
        await self._artefacts.remove(stored.person_artefact if is_done else name)
        self._without |= {name} if is_done else set()
        return gone if is_done else 0


def _is_elsewhere(model: StoredModel, other: StoredModel) -> bool:
    """Say whether two do not share a file of persons, as those of one log and seed do."""
    return model.person_artefact != other.person_artefact


def names_of(kept: Kept) -> set[str]:
    """Return the artefacts that pointers name."""
    return {name for model in kept.models for name in model.files}


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
