"""Applies definitions in two steps: every live replica compiles them, then the pointer moves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.rules.definitions import Checked, check_definitions
from services.rules.definitions.policy import CompiledBundle
from services.rules.definitions.slates import KindOf
from services.rules.storage.definitions import Pointer, PostgresDefinitions, Readiness
from shared.bus import Bus
from shared.bus.subjects import BUNDLE_MOVED
from shared.definitions import BundleFollower
from shared.errors import Aborted, FailedPrecondition, NotFound
from shared.logging import get_logger
from touchpoint.common.v1.bus_pb2 import DefinitionsNotice
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

ALIVE_S = 4.5
"""A replica that did not look for this long (it looks every 2 s) is not waited for."""
_PATIENCE_S = 5.0
_POLL_S = 0.05
log = get_logger(__name__)


class Definitions:
    """Applies and takes back definitions for the whole suite."""

    def __init__(
        self,
        store: PostgresDefinitions,
        bus: Bus,
        own: BundleFollower[CompiledBundle],
        kind_of: KindOf = lambda offer_id: 0,
    ) -> None:
        """Take the kinds of what the catalogue has besides the definitions."""
        self._store = store
        self._bus = bus
        self._own = own
        self._kind_of = kind_of

    def check(self, files: Sequence[DefinitionFile]) -> Checked:
        """Check and store nothing."""
        return check_definitions(files, self._kind_of)

    async def apply(self, files: Sequence[DefinitionFile]) -> tuple[Checked, Pointer]:
        """Check and activate; with a mistake nothing takes effect.

        Raises `FailedPrecondition` naming the service that could not compile or did not answer,
        `Aborted` when somebody else applied at the same time.
        """
        checked = await asyncio.to_thread(self.check, files)
        pointer = await self._store.pointer()
        if checked.bundle is None:
            return checked, pointer
        await self._store.store(checked.bundle)
        return checked, await self._activate(checked.bundle.bundle_hash, pointer)

    async def roll_back(self, bundle_hash: str) -> Pointer:
        """Activate an earlier bundle, by default the one before; `NotFound` without one."""
        pointer = await self._store.pointer()
        wanted = bundle_hash or pointer.previous
        if not wanted:
            raise NotFound("there is no bundle to go back to", reason="BUNDLE_UNKNOWN")
        await self._store.bundle(wanted)
        return await self._activate(wanted, pointer)

    async def ship(self, files: Sequence[DefinitionFile]) -> None:
        """Apply the shipped definitions where nothing was ever applied."""
        if (await self._store.pointer()).active:
            return
        checked, _ = await self.apply(files)
        if checked.bundle is None:
            first = checked.problems[0]
            raise FailedPrecondition(
                f"the shipped definitions are wrong: {first.path}:{first.line}: {first.message}"
            )
        log.info("shipped_definitions_applied", bundle_hash=checked.bundle.bundle_hash)

    async def _activate(self, bundle_hash: str, before: Pointer) -> Pointer:
        if bundle_hash == before.active:
            return before
        await self._store.prepare(bundle_hash)
        await self._announce(bundle_hash, active=False)
        try:
            await self._await_replicas(bundle_hash)
        except FailedPrecondition:
            await self._store.abandon(bundle_hash)
            raise
        if not await self._store.activate(bundle_hash):
            raise Aborted("other definitions are being applied; try again")
        await self._announce(bundle_hash, active=True)
        log.info("bundle_activated", bundle_hash=bundle_hash, previous=before.active)
        return Pointer(bundle_hash, before.active, "")

    async def _announce(self, bundle_hash: str, *, active: bool) -> None:
        """Tell all replicas to look, and look here: this one need not wait for its notice."""
        notice = DefinitionsNotice(bundle_hash=bundle_hash, active=active)
        await self._bus.notify(BUNDLE_MOVED, notice.SerializeToString())
        await self._own.look()

    async def _await_replicas(self, bundle_hash: str) -> None:
        ends = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            replicas = await self._store.readiness(bundle_hash, ALIVE_S)
            _raise_first_failure(replicas)
            waiting = sorted({each.service for each in replicas if each.failure is None})
            if not waiting:
                return
            if asyncio.get_running_loop().time() > ends:
                raise FailedPrecondition(
                    f"{', '.join(waiting)} did not compile the definitions within"
                    f" {_PATIENCE_S:.0f} s; nothing took effect",
                    reason="BUNDLE_NOT_COMPILED",
                )
            await asyncio.sleep(_POLL_S)


def _raise_first_failure(replicas: Sequence[Readiness]) -> None:
    for each in replicas:
        if each.failure:
            raise FailedPrecondition(
                f"{each.service} cannot use the definitions: {each.failure}; nothing took effect",
                reason="BUNDLE_NOT_COMPILED",
                metadata={"service": each.service},
            )
