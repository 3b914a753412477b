"""Bundles, the pointer to the active one, and who has compiled which, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import NotFound
from shared.postgres import Database, Queries
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleResponse

_SQL = Queries.beside(__file__, "definitions.sql")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which bundle is active, which was before, which is being prepared; empty: none."""

    active: str
    previous: str
    preparing: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """What one live replica said of a bundle."""

    service: str
    replica: str
    failure: str | None
    """None: nothing yet; empty: compiled."""


class PostgresDefinitions:
    """The store of definitions on the service's schema; bundles are immutable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, bundle: Bundle) -> None:
        await self._database.execute(
            _SQL.store_bundle, bundle.bundle_hash, bundle.SerializeToString()
        )

    async def bundle(self, bundle_hash: str) -> Bundle:
        """Return a bundle; `NotFound` when there is none of that hash."""
        found = await self._database.fetchval(_SQL.bundle, bundle_hash)
        if found is None:
            raise NotFound(f"there is no bundle {bundle_hash}", reason="BUNDLE_UNKNOWN")
        return Bundle.FromString(found)

    async def pointer(self) -> Pointer:
        row = await self._database.fetchrow(_SQL.active_bundle)
        assert row is not None
        return Pointer(row["bundle_hash"], row["previous_hash"], row["preparing_hash"])

    async def prepare(self, bundle_hash: str) -> None:
        """Ask every replica to compile a stored bundle; takes the place of another."""
        await self._database.execute(_SQL.prepare_bundle, bundle_hash)

    async def activate(self, bundle_hash: str) -> bool:
        """Move the pointer; False when another bundle is being prepared by now."""
        return await self._database.fetchval(_SQL.activate_bundle, bundle_hash) is not None

    async def abandon(self, bundle_hash: str) -> None:
        await self._database.execute(_SQL.abandon_bundle, bundle_hash)

    async def see(self, service: str, replica: str) -> None:
        """Note that a replica is alive."""
        await self._database.execute(_SQL.see_replica, service, replica)

    async def acknowledge(self, bundle_hash: str, service: str, replica: str, failure: str) -> None:
        await self._database.execute(
            _SQL.acknowledge_bundle, bundle_hash, service, replica, failure
        )

    async def readiness(self, bundle_hash: str, alive_s: float) -> Sequence[Readiness]:
        """Return what the replicas seen within `alive_s` seconds said of a bundle."""
        rows = await self._database.fetch(_SQL.readiness, bundle_hash, alive_s)
        return [Readiness(row["service"], row["replica"], row["failure"]) for row in rows]

    async def forget_replicas(self) -> None:
        """Drop those that were not seen for a day."""
        await self._database.execute(_SQL.forget_replicas)


class OwnBundleSource:
    """Rules' own replica as one that follows the definitions; see `BundleSource`."""

    def __init__(self, store: PostgresDefinitions, service: str, replica: str) -> None:
        self._store = store
        self._service = service
        self._replica = replica

    async def active(self) -> GetActiveBundleResponse:
        await self._store.see(self._service, self._replica)
        pointer = await self._store.pointer()
        return GetActiveBundleResponse(bundle_hash=pointer.active, preparing_hash=pointer.preparing)

    async def bundle(self, bundle_hash: str) -> Bundle:
        return await self._store.bundle(bundle_hash)

    async def acknowledge(self, bundle_hash: str, failure: str) -> None:
        await self._store.acknowledge(bundle_hash, self._service, self._replica, failure)
