"""Bundles, the pointer to the active one, and who has compiled which, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from shared.errors import FieldViolation, InvalidArgument, NotFound
from shared.postgres import Database, Queries, Row
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleResponse

_SQL = Queries.beside(__file__, "definitions.sql")
_SEEN_S = 3.0
"""Whoever was seen so lately is waited for: a second and a half less than `applying` counts."""
SHORTEST_NAME = 6
"""So many characters of a bundle's hash name it, where no other begins with them."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What people are decided by."""

    bundle_hash: str
    """Everybody; empty: nothing was applied yet."""
    trial: Trial | None = None
    """A share of people instead."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What is in force, which bundle was before, which is being prepared; empty: none."""

    in_force: InForce
    previous: str
    preparing: str
    replaced: str = ""
    """Which was active when this came about; empty where that was not asked."""

    @property
    def active(self) -> str:
        return self.in_force.bundle_hash


class Cause(IntEnum):
    """How definitions came into force, by its number in the record and in its proto."""

    SHIPPED = 1
    APPLIED = 2
    ROLLED_BACK = 3


@dataclass(frozen=True, slots=True)
class Signature:
    """Who puts definitions into force, and why."""

    changed_by: str
    caller: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One activation."""

    number: int
    activated_us: int
    cause: int
    signature: Signature
    in_force: InForce


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

    async def named(self, field: str, name: str) -> Bundle:
        """Return the bundle of a hash, or whose hash alone begins so.

        `NotFound` without one; `InvalidArgument` naming the field when it may be several.
        """
        if len(name) < SHORTEST_NAME:
            told = f"must be at least {SHORTEST_NAME} characters of a bundle's hash"
            raise InvalidArgument([FieldViolation(field, told)])
        found = await self._database.fetch(_SQL.bundles_beginning, name)
        if len(found) > 1:
            told = f"{name} begins the hashes of several bundles: give more of it"
            raise InvalidArgument([FieldViolation(field, told)])
        return await self.bundle(found[0]["bundle_hash"] if found else name)

    async def pointer(self) -> Pointer:
        row = await self._database.fetchrow(_SQL.active_bundle)
        assert row is not None
        return _pointer(row)

    async def prepare(self, bundle_hash: str) -> None:
        """Ask every replica to compile a stored bundle; takes the place of another."""
        await self._database.execute(_SQL.prepare_bundle, bundle_hash)

    async def activate(
        self,
        wanted: InForce,
        before: InForce,
        prepared: str,
        cause: Cause,
        signature: Signature,
        now_us: int,
    ) -> bool:
        """Move the pointer and note who did.

        False when `before` is no longer in force, or another bundle than `prepared` (empty: none
        was) is being prepared by now.
        """
        moved = await self._database.fetchval(
            _SQL.activate_bundle,
            wanted.bundle_hash,
            *_trial_columns(wanted.trial),
            before.bundle_hash or None,
            *_trial_columns(before.trial)[:2],
            prepared,
            now_us,
            cause,
            signature.changed_by,
            signature.caller,
            signature.message,
        )
        return moved is not None

    async def versions(self, before_number: int, limit: int) -> list[StoredVersion]:
        """Return what was put into force, newest first; `before_number` 0: from the newest."""
        rows = await self._database.fetch(_SQL.versions, before_number, limit)
        return [
            StoredVersion(
                row["number"],
                row["activated_us"],
                row["cause"],
                Signature(row["changed_by"], row["caller"], row["message"]),
                _in_force(row),
            )
            for row in rows
        ]

    async def abandon(self, bundle_hash: str) -> None:
        await self._database.execute(_SQL.abandon_bundle, bundle_hash)

    async def see(self, service: str, replica: str) -> Pointer:
        """Note that a replica is alive, and return what it is to go by.

        One that nobody was waiting for is written down before the pointer is read: else what is
        prepared in between would neither wait for it nor be told to it.
        """
        row = await self._database.fetchrow(_SQL.see_replica_again, service, replica, _SEEN_S)
        if row is not None:
            return _pointer(row)
        await self._database.execute(_SQL.see_replica, service, replica)
        return await self.pointer()

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
        return told(await self._store.see(self._service, self._replica))

    async def bundle(self, bundle_hash: str) -> Bundle:
        return await self._store.bundle(bundle_hash)

    async def acknowledge(self, bundle_hash: str, failure: str) -> None:
        await self._store.acknowledge(bundle_hash, self._service, self._replica, failure)


def told(pointer: Pointer) -> GetActiveBundleResponse:
    """Return what replicas are told."""
    return GetActiveBundleResponse(
        bundle_hash=pointer.active,
        preparing_hash=pointer.preparing,
        trial=pointer.in_force.trial,
    )


def _pointer(row: Row) -> Pointer:
    return Pointer(_in_force(row), row["previous_hash"], row["preparing_hash"])


def _in_force(row: Row) -> InForce:
    if row["trial_hash"] is None:
        return InForce(row["bundle_hash"])
    trial = Trial(bundle_hash=row["trial_hash"], share=row["trial_share"], salt=row["trial_salt"])
    return InForce(row["bundle_hash"], trial)


def _trial_columns(trial: Trial | None) -> tuple[str | None, float | None, str | None]:
    if trial is None:
        return (None, None, None)
    return (trial.bundle_hash, trial.share, trial.salt)
