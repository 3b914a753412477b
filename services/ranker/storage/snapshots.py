"""Snapshots of the model: artefacts named by their hash, their pointers in the schema."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ranker.domain.model import Model, SnapshotError
from services.ranker.domain.reverting import Revert, is_base
from services.ranker.domain.snapshot_keeping import kept_snapshots
from shared.artefacts import ArtefactError, ArtefactStore
from shared.errors import NotFound
from shared.logging import get_logger
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "learning.sql")
_ORPHANED_S = 60.0
"""What is not pointed at by then never will be: its writer died in between."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a snapshot is, and after which row it was made."""

    number: int
    artefact: str
    saved_us: int = 0
    """In business time."""


class Pointers(Protocol):
    """Keeps the pointers to snapshots, of which some go far back."""

    async def newest_first(self) -> Sequence[Pointer]:
        """Return all that are kept, but none that holds what was reverted after it was saved."""

    async def keep(self, pointer: Pointer) -> Sequence[str]:
        """Keep another one, and return the artefacts that nothing points to any more."""


class PostgresPointers:
    """`Pointers` in the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_first(self) -> list[Pointer]:
        return [Pointer(**row) for row in await self._database.fetch(_SQL.snapshots)]

    async def keep(self, pointer: Pointer) -> list[str]:
        async with self._database.transaction() as transaction:
            columns = (pointer.number, pointer.artefact, pointer.saved_us)
            await transaction.execute(_SQL.keep_snapshot, *columns)
            usable = [Pointer(**row) for row in await transaction.fetch(_SQL.snapshots)]
            kept = _kept(usable, pointer.saved_us)
            dropped = await transaction.fetch(_SQL.drop_snapshots, list(kept))
        gone = {str(row["artefact"]) for row in dropped if not row["still_used"]}
        still_used = {each.artefact for each in usable if each.number in kept}
        return [*gone, *({pointer.artefact} - still_used - gone)]


class InMemoryPointers:
    """`Pointers` that forget with their process, for tests."""

    def __init__(self, reverts: Callable[[], Sequence[Revert]] = lambda: ()) -> None:
        self._pointers: list[Pointer] = []
        self._reverts = reverts

    async def newest_first(self) -> list[Pointer]:
        return [each for each in self._pointers if is_base(each.number, self._reverts())]

    async def keep(self, pointer: Pointer) -> list[str]:
        before = [*self._pointers, pointer]
        self._pointers = sorted({each.number: each for each in before}.values(), key=_newest)
        kept = _kept(await self.newest_first(), pointer.saved_us)
        self._pointers = [each for each in self._pointers if each.number in kept]
        still_used = {each.artefact for each in self._pointers}
        return [each.artefact for each in before if each.artefact not in still_used]


class Snapshots:
    """Saves and restores models."""

    def __init__(
        self,
        pointers: Pointers,
        store: ArtefactStore,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Take where they are kept, and business time."""
        self.refusal = ""
        """Why the newest snapshot that there was could not be read; empty: it could."""
        self._pointers = pointers
        self._store = store
        self._now_us = now_us

    async def save(self, model: Model) -> Pointer:
        """Keep what the model is at this moment."""
        frozen = model.copy()
        data = await asyncio.to_thread(frozen.snapshot)
        pointer = Pointer(frozen.number, await self._store.put(data), self._now_us())
        for artefact in await self._pointers.keep(pointer):
            await self._store.remove(artefact)
        pointers = await self._pointers.newest_first()
        await self._store.sweep([each.artefact for each in pointers], _ORPHANED_S)
        self.refusal = ""
        log.info("model_saved", row=pointer.number, artefact=pointer.artefact)
        return pointer

    async def named(self, name: str) -> Model:
        """Return the model of an artefact, by its first characters.

        Raises `NotFound` where none is kept of that name, or it is torn.
        """
        for pointer in await self._pointers.newest_first():
            if name and pointer.artefact.startswith(name):
                try:
                    data = await self._store.get(pointer.artefact)
                    return await asyncio.to_thread(Model.restored, data)
                except (ArtefactError, SnapshotError) as error:
                    raise NotFound(f"snapshot {name}: {error}", reason="MODEL_TORN") from error
        raise NotFound(f"no snapshot {name!r} of the model is kept", reason="MODEL_UNKNOWN")

    async def latest(self) -> Pointer | None:
        """Return where the newest snapshot is."""
        found = await self._pointers.newest_first()
        return found[0] if found else None

    async def before(self, number: int) -> Pointer | None:
        """Return where the newest snapshot is that learned of no row after that."""
        found = await self._pointers.newest_first()
        return next((each for each in found if each.number <= number), None)

    async def restore(self, until: int | None = None) -> tuple[Model, Pointer | None]:
        """Return the newest model that is whole and can be read; a new one where none is.

        `until`: one that learned of no row after that.
        """
        self.refusal = "" if until is None else self.refusal
        for pointer in await self._pointers.newest_first():
            if until is not None and pointer.number > until:
                continue
            try:
                data = await self._store.get(pointer.artefact)
                model = await asyncio.to_thread(Model.restored, data)
            except (ArtefactError, SnapshotError) as error:
                log.error("snapshot_refused", artefact=pointer.artefact, reason=str(error))
                self.refusal = self.refusal or f"snapshot {pointer.artefact[:12]}: {error}"
            else:
                return model, pointer
        return Model(), None


def _kept(pointers: Sequence[Pointer], now_us: int) -> frozenset[int]:
    return kept_snapshots({each.number: each.saved_us for each in pointers}, now_us)


def _newest(pointer: Pointer) -> int:
    return -pointer.number
