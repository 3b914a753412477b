"""Applies definitions in two steps: every live replica compiles them, then the pointer moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from services.rules.definitions import Checked, changes_between, check_definitions
from services.rules.definitions.assortment import SoldAs, nothing_sold
from services.rules.definitions.policy import CompiledBundle
from services.rules.experiment_runs import Runs
from services.rules.experiments_kept import demand_people_stay, demand_trial_keeps
from services.rules.storage.definitions import (
    Cause,
    InForce,
    Pointer,
    PostgresDefinitions,
    Readiness,
    Signature,
)
from services.rules.storage.experiments import History, PostgresExperiments
from services.rules.trying import demand_counts_stay, trial_of
from shared.bus import Bus
from shared.bus.subjects import BUNDLE_MOVED
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import Aborted, FailedPrecondition, NotFound, Unavailable
from shared.logging import get_logger
from touchpoint.common.v1.bus_pb2 import DefinitionsNotice
from touchpoint.rules.v1.experiments_pb2 import KeptExperiment
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionChange, DefinitionFile
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsResponse

ALIVE_S = 4.5
"""A replica that did not look for this long (it looks every 2 s) is not waited for."""
_PATIENCE_S = 5.0
_POLL_S = 0.05
_UNSIGNED = Signature("", "")
_SHIPPED = Signature("touchpoint", "touchpoint", "Shipped definitions")
log = get_logger(__name__)


Taken = Callable[[], Awaitable[Collection[str]]]


async def nothing_taken() -> Collection[str]:
    """Tell that nothing was taken of any budget."""
    return ()


class Definitions:
    """Applies and takes back definitions for the whole suite, and notes who did."""

    def __init__(
        self,
        store: PostgresDefinitions,
        bus: Bus,
        own: BundleFollower[CompiledBundle],
        clock: BusinessClock,
        experiments: PostgresExperiments,
        in_catalogue: SoldAs = nothing_sold,
        taken: Taken = nothing_taken,
    ) -> None:
        """Take what tells of the catalogue, and of which offers' budgets something was taken."""
        self._taken = taken
        self._store = store
        self._bus = bus
        self._own = own
        self._clock = clock
        self._experiments = experiments
        self._in_catalogue = in_catalogue

    def check(self, files: Sequence[DefinitionFile], in_force: Bundle | None = None) -> Checked:
        """Check and store nothing, and block meanwhile; what is in force is known where told."""
        return check_definitions(files, self._in_catalogue, in_force)

    async def checked(self, files: Sequence[DefinitionFile]) -> Checked:
        """Check against what is in force, and store nothing."""
        checked = await asyncio.to_thread(self.check, files)
        if checked.bundle is None or not any(each.moves for each in checked.bundle.scenarios):
            return checked
        active = (await self._store.pointer()).active
        if not active:
            return checked
        # What leads people on from the edition in force is told again, by that edition.
        before = await self._store.bundle(active)
        return await asyncio.to_thread(self.check, files, before)

    async def apply(
        self,
        files: Sequence[DefinitionFile],
        signature: Signature = _UNSIGNED,
        share: float = 1.0,
        cause: Cause = Cause.APPLIED,
        ending: Collection[str] = (),
    ) -> tuple[Checked, Pointer]:
        """Check and activate for a share of people, 1: everybody; with a mistake nothing happens.

        `ending` names experiments that end by this. Returns what came of checking and the pointer
        after it. Raises `FailedPrecondition` naming the service that could not compile or did not
        answer, or saying why the definitions cannot be for a share or would move people who are in
        an experiment; `Aborted` when somebody else applied at the same time.
        """
        checked = await self.checked(files)
        before = await self._store.pointer()
        if checked.bundle is None:
            return checked, replace(before, replaced=before.active)
        bundle_hash = checked.bundle.bundle_hash
        wanted = InForce(bundle_hash)
        if share < 1.0:
            active = await self._store.bundle(before.active)
            trial = trial_of(checked.bundle, active, share, before.in_force)
            wanted = InForce(before.active, trial)
        await self._demand_counts_stay(before, checked.bundle)
        await self._demand_people_stay(before, wanted, checked.bundle, ending)
        await self._store.store(checked.bundle)
        after = await self._activate(wanted, before, bundle_hash, cause, signature)
        await self._experiments.resettle(checked.bundle, ending)
        return checked, replace(after, replaced=before.active)

    async def roll_back(
        self, name: str, signature: Signature, ending: Collection[str] = ()
    ) -> tuple[Pointer, Pointer]:
        """Put an earlier bundle into force for everybody; returns the pointer before and after.

        Without a name a trial is ended; without one, the bundle before the active one comes back.
        Raises `NotFound` where there is none, `InvalidArgument` where the name may be several, and
        `FailedPrecondition` where people would lose their variants of experiments.
        """
        before = await self._store.pointer()
        if name:
            wanted = (await self._store.named("bundle_hash", name)).bundle_hash
        elif before.in_force.trial is not None:
            wanted = before.active
        else:
            wanted = before.previous
        if not wanted:
            raise NotFound("there is no bundle to go back to", reason="BUNDLE_UNKNOWN")
        bundle = await self._store.bundle(wanted)
        await self._demand_counts_stay(before, bundle)
        await self._demand_people_stay(before, InForce(wanted), bundle, ending)
        cause = Cause.ROLLED_BACK
        after = await self._activate(InForce(wanted), before, wanted, cause, signature)
        await self._experiments.resettle(bundle, ending)
        return before, after

    async def ship(self, files: Sequence[DefinitionFile]) -> None:
        """Apply the shipped definitions where nothing was ever applied."""
        if (await self._store.pointer()).active:
            return
        checked, _ = await self.apply(files, _SHIPPED, cause=Cause.SHIPPED)
        if checked.bundle is None:
            first = checked.problems[0]
            raise FailedPrecondition(
                f"the shipped definitions are wrong: {first.path}:{first.line}: {first.message}"
            )
        log.info("shipped_definitions_applied", bundle_hash=checked.bundle.bundle_hash)

    async def changes(self, old_hash: str, new_hash: str) -> list[DefinitionChange]:
        """Return what differs between two stored bundles; an empty hash is one of nothing."""
        if old_hash == new_hash:
            return []
        old = await self._store.bundle(old_hash) if old_hash else Bundle()
        new = await self._store.bundle(new_hash)
        return await asyncio.to_thread(changes_between, old, new)

    async def experiments(self) -> ListExperimentsResponse:
        """Return the experiments that anybody ever was in, and when people were shared out how."""
        kept = await self._experiments.kept()
        history = await self._experiments.history()
        return await asyncio.to_thread(_with_runs, kept, history)

    async def _demand_counts_stay(self, before: Pointer, new: Bundle) -> None:
        """Raise `FailedPrecondition` where a budget would be counted in another currency."""
        if not before.active or not any(each.HasField("budget") for each in new.offer_terms):
            return
        active = await self._store.bundle(before.active)
        demand_counts_stay(new, active, await self._taken())

    async def _demand_people_stay(
        self, before: Pointer, wanted: InForce, new: Bundle, ending: Collection[str]
    ) -> None:
        """Raise `FailedPrecondition` where people would be moved from variant to variant."""
        taken_part = await self._experiments.all()
        if not taken_part or wanted == before.in_force:
            return
        trial = before.in_force.trial
        left = [before.active, trial.bundle_hash if trial is not None else ""]
        bundles = [await self._store.bundle(each) for each in left if each]
        now_us = self._clock.now_us()
        demand_people_stay(bundles, new, taken_part, ending, now_us)
        if trial is not None and wanted.trial is not None and wanted.trial.share < trial.share:
            demand_trial_keeps(bundles[1], bundles[0], taken_part, ending, now_us)

    async def _activate(
        self, wanted: InForce, before: Pointer, needed: str, cause: Cause, signature: Signature
    ) -> Pointer:
        """Have all compile the bundle that is needed, then move the pointer."""
        if wanted == before.in_force:
            return before
        await self._store.prepare(needed)
        await self._announce(needed, active=False)
        try:
            await self._await_replicas(needed)
        except FailedPrecondition:
            await self._store.abandon(needed)
            raise
        moved = await self._store.activate(
            wanted, before.in_force, needed, cause, signature, self._clock.now_us()
        )
        after = await self._store.pointer()
        if not moved:
            await self._store.abandon(needed)
            if after.in_force != wanted:  # else somebody else wanted the same
                raise Aborted("other definitions are being applied; try again")
        await self._announce(needed, active=True)
        log.info(
            "bundle_activated",
            bundle_hash=wanted.bundle_hash,
            previous=before.active,
            trial=wanted.trial.bundle_hash if wanted.trial else "",
            share=wanted.trial.share if wanted.trial else 0.0,
        )
        return after

    async def _announce(self, bundle_hash: str, *, active: bool) -> None:
        """Tell all replicas to look, and look here: this one need not wait for its notice.

        Without the bus they look all the same, a little later, and this is no failure.
        """
        notice = DefinitionsNotice(bundle_hash=bundle_hash, active=active)
        try:
            await self._bus.notify(BUNDLE_MOVED, notice.SerializeToString())
        except Unavailable as error:
            log.warning("definitions_not_announced", bundle_hash=bundle_hash, reason=error.reason)
        await self._own.look()

    async def _await_replicas(self, bundle_hash: str) -> None:
        """Wait until all have compiled it, or another bundle is prepared: then it cannot win."""
        ends = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            replicas = await self._store.readiness(bundle_hash, ALIVE_S)
            _raise_first_failure(replicas)
            waiting = sorted({each.service for each in replicas if each.failure is None})
            if not waiting or (await self._store.pointer()).preparing != bundle_hash:
                return
            if asyncio.get_running_loop().time() > ends:
                raise FailedPrecondition(
                    f"{', '.join(waiting)} did not compile the definitions within"
                    f" {_PATIENCE_S:.0f} s; nothing took effect",
                    reason="BUNDLE_NOT_COMPILED",
                )
            await asyncio.sleep(_POLL_S)


def _with_runs(kept: Sequence[KeptExperiment], history: History) -> ListExperimentsResponse:
    runs = Runs(history)
    for each in kept:
        each.runs.extend(runs.of(each.experiment.experiment))
    return ListExperimentsResponse(
        experiments=kept, arm_runs=runs.of_arms(), bundle_hashes=runs.bundle_hashes
    )


def _raise_first_failure(replicas: Sequence[Readiness]) -> None:
    for each in replicas:
        if each.failure:
            raise FailedPrecondition(
                f"{each.service} cannot use the definitions: {each.failure}; nothing took effect",
                reason="BUNDLE_NOT_COMPILED",
                metadata={"service": each.service},
            )
