"""Snapshots of the model: artefacts named by their hash, their pointers in the schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.ranker.domain.model import Model, SnapshotError
from shared.artefacts import ArtefactError, ArtefactStore
from shared.logging import get_logger
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "learning.sql")
_KEPT = 3
_ORPHANED_S = 60.0
"""What is not pointed at by then never will be: its writer died in between."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a snapshot is, and after which row it was made."""

    number: int
    artefact: str


class Pointers(Protocol):
    """Keeps the pointers to the latest snapshots."""

    async def newest_first(self) -> Sequence[Pointer]:
        """Return all that are kept."""

    async def keep(self, pointer: Pointer) -> Sequence[str]:
        """Keep another one, and return the artefacts that nothing points to any more."""


class PostgresPointers:
    """`Pointers` in the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_first(self) -> list[Pointer]:
        rows = await self._database.fetch(_SQL.snapshots)
        return [Pointer(row["number"], row["artefact"]) for row in rows]

    async def keep(self, pointer: Pointer) -> list[str]:
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.keep_snapshot, pointer.number, pointer.artefact)
            dropped = await transaction.fetch(_SQL.drop_snapshots, _KEPT)
        return [str(row["artefact"]) for row in dropped if not row["still_used"]]


class InMemoryPointers:
    """`Pointers` that forget with their process, for tests."""

    def __init__(self) -> None:
        self._pointers: list[Pointer] = []

    async def newest_first(self) -> list[Pointer]:
        return list(self._pointers)

    async def keep(self, pointer: Pointer) -> list[str]:
        self._pointers.insert(0, pointer)
        gone = self._pointers[_KEPT:]
        del self._pointers[_KEPT:]
        return [each.artefact for each in gone]


class Snapshots:
    """Saves and restores models."""

    def __init__(self, pointers: Pointers, store: ArtefactStore) -> None:
        self._pointers = pointers
        self._store = store

    async def save(self, model: Model) -> Pointer:
        """Keep what the model is at this moment."""
        number, data = model.number, model.snapshot()
        pointer = Pointer(number, await self._store.put(data))
        for artefact in await self._pointers.keep(pointer):
            await self._store.remove(artefact)
        pointers = await self._pointers.newest_first()
        await self._store.sweep([each.artefact for each in pointers], _ORPHANED_S)
        log.info("model_saved", row=number, artefact=pointer.artefact)
        return pointer

    async def latest(self) -> Pointer | None:
        """Return where the newest snapshot is."""
        found = await self._pointers.newest_first()
        return found[0] if found else None

    async def restore(self, until: int | None = None) -> tuple[Model, Pointer | None]:
        """Return the newest model that is whole; a new one where none is.

        `until`: one that learned of no row after that.
        """
        for pointer in await self._pointers.newest_first():
            if until is not None and pointer.number > until:
                continue
            try:
                model = Model.restored(await self._store.get(pointer.artefact))
            except (ArtefactError, SnapshotError) as error:
                log.error("snapshot_refused", artefact=pointer.artefact, reason=str(error))
            else:
                return model, pointer
        return Model(), None
