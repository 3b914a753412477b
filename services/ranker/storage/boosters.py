"""Boosters that were served: artefacts named by their hash, their pointer in the schema."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.ranker.domain.booster import Booster
from shared.artefacts import ArtefactError, ArtefactStore
from shared.bus import Publication, append
from shared.bus.subjects import RANKER_BOOSTER_MOVED
from shared.postgres import Database, Queries, Transaction
from touchpoint.common.v1.bus_pb2 import ModelNotice

KEPT: Final = 5
NONE: Final = ""
"""The artefact of no booster."""
_SQL = Queries.beside(__file__, "boosters.sql")
_SCHEMA_NUMBER = 1
_SERVICE = "ranker"
_NAME_DIGITS = 12
_ORPHANED_S = 60.0


@dataclass(frozen=True, slots=True)
class KeptBooster:
    """One that was served once."""

    artefact: str
    report: bytes
    """A serialised BoosterReport."""

    @property
    def name(self) -> str:
        """What decisions call it."""
        return name_of(self.artefact)


@dataclass(frozen=True, slots=True)
class BoosterState:
    """Which booster is to be served."""

    version: int
    """Rises with every change."""
    served: str
    """An artefact; empty: none."""
    kept: Sequence[KeptBooster] = ()
    """Newest first."""
    standing: bytes = b""
    """A serialised BoosterStanding of the served one, or of one taken out; empty: not measured."""

    def named(self, name: str) -> KeptBooster | None:
        """Return the newest whose artefact begins so."""
        return next((each for each in self.kept if name and each.artefact.startswith(name)), None)

    @property
    def before(self) -> KeptBooster | None:
        """The one that was kept before the served one."""
        places = [place for place, each in enumerate(self.kept) if each.artefact == self.served]
        older = self.kept[places[0] + 1 :] if places else ()
        return older[0] if older else None


class BoosterPointers(Protocol):
    """Keeps which boosters there are, and which of them is served."""

    async def version(self) -> int:
        """Return how often something changed; costs little."""

    async def state(self) -> BoosterState:
        """Return what there is."""

    async def keep(self, booster: KeptBooster) -> None:
        """Keep another one, serve it, and forget what is older than the last few."""

    async def point(self, artefact: str) -> None:
        """Serve a kept one, or none."""

    async def note(self, artefact: str, standing: bytes, *, take_out: bool) -> None:
        """Keep what the served one came to, and serve none any more where it is taken out.

        Nothing changes where another is served by now.
        """


class PostgresBoosterPointers:
    """`BoosterPointers` in the service's schema; each change is announced on the bus."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self) -> int:
        return int(await self._database.fetchval(_SQL.booster_version))

    async def state(self) -> BoosterState:
        rows = await self._database.fetch(_SQL.boosters)
        kept = [KeptBooster(row["artefact"], row["report"]) for row in rows if row["artefact"]]
        return BoosterState(rows[0]["version"], rows[0]["served"], kept, rows[0]["standing"])

    async def keep(self, booster: KeptBooster) -> None:
        async with self._database.transaction() as transaction:
            await transaction.fetchrow(_SQL.lock_booster_pointer)
            await transaction.execute(_SQL.forget_booster, booster.artefact)
            await transaction.execute(_SQL.keep_booster, booster.artefact, booster.report)
            await transaction.execute(_SQL.drop_older_boosters, KEPT)
            await _point(transaction, booster.artefact)

    async def point(self, artefact: str) -> None:
        async with self._database.transaction() as transaction:
            await _point(transaction, artefact)

    async def note(self, artefact: str, standing: bytes, *, take_out: bool) -> None:
        served = NONE if take_out else artefact
        async with self._database.transaction() as transaction:
            noted = await transaction.fetchrow(_SQL.note_standing, artefact, served, standing)
            if noted is not None:
                await _tell(transaction, noted["version"])


class InMemoryBoosterPointers:
    """`BoosterPointers` that forget with their process, for tests."""

    def __init__(self) -> None:
        self._state = BoosterState(0, NONE)
        self._versions = itertools.count(1)

    async def version(self) -> int:
        return self._state.version

    async def state(self) -> BoosterState:
        return self._state

    async def keep(self, booster: KeptBooster) -> None:
        others = [each for each in self._state.kept if each.artefact != booster.artefact]
        kept = [booster, *others][:KEPT]
        self._state = BoosterState(next(self._versions), booster.artefact, kept)

    async def point(self, artefact: str) -> None:
        self._state = BoosterState(next(self._versions), artefact, self._state.kept)

    async def note(self, artefact: str, standing: bytes, *, take_out: bool) -> None:
        if self._state.served == artefact:
            served = NONE if take_out else artefact
            version, kept = next(self._versions), self._state.kept
            self._state = BoosterState(version, served, kept, standing)


class Boosters:
    """Saves and loads boosters."""

    def __init__(self, pointers: BoosterPointers, store: ArtefactStore) -> None:
        """`store` holds nothing else: what no pointer names is removed from it."""
        self.pointers = pointers
        self._store = store

    async def put(self, booster: Booster) -> str:
        """Store the trees, and return the name of their artefact; nothing is served by that."""
        return await self._store.put(booster.stored())

    async def serve(self, kept: KeptBooster) -> None:
        """Serve what was put; what is too old by then is removed."""
        await self.pointers.keep(kept)
        state = await self.pointers.state()
        await self._store.sweep([each.artefact for each in state.kept], _ORPHANED_S)

    async def load(self, name: str) -> Booster:
        """Return a kept one by the beginning of its artefact.

        Raises `ArtefactError` and `BoosterError`.
        """
        found = (await self.pointers.state()).named(name)
        if found is None:
            raise ArtefactError(f"booster {name} is not kept any more")
        return Booster.restored(await self._store.get(found.artefact))


def name_of(artefact: str) -> str:
    """Return what decisions call an artefact."""
    return artefact[:_NAME_DIGITS]


async def _point(transaction: Transaction, artefact: str) -> None:
    moved = await transaction.fetchrow(_SQL.point_to_booster, artefact)
    assert moved is not None, "the migration inserts the one row"
    await _tell(transaction, moved["version"])


async def _tell(transaction: Transaction, version: int) -> None:
    notice = ModelNotice(service=_SERVICE, version=version)
    await append(transaction, [Publication.of(RANKER_BOOSTER_MOVED, _SCHEMA_NUMBER, notice)])
