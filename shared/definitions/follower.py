"""Compiles each bundle before it becomes active, and keeps the last three."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from shared.bus import Bus
from shared.bus.subjects import BUNDLE_MOVED
from shared.definitions.source import BundleSource
from shared.errors import TouchpointError, Unavailable
from shared.logging import get_logger
from shared.trials import is_in_trial
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import Bundle

KEPT = 3
NO_TRIAL = Trial()
"""Nothing is in force for a share of people; nobody is in it."""
LOOK_EVERY_S = 2.0
FIRST_LOOKS_EVERY_S = 0.1
"""Until a bundle is active here: without one a replica is of no use."""
SOON_EVERY_S = 0.2
"""While a bundle is prepared: it is about to be active, and a notice may be lost."""
_SOON_LOOKS = 50
"""So many times for one bundle; its owner may have ended before it could give it up."""
log = get_logger(__name__)

Compiled = TypeVar("Compiled")


class CompileError(Exception):
    """Raised by a service's compiler; its text tells the author of the definitions what to do."""


class BundleFollower(Generic[Compiled]):
    """The definitions of one replica: `active` and `of(hash)` are plain look-ups.

    `compile_bundle` makes of a bundle whatever the service needs, and raises `CompileError` when it
    cannot. Looks often until there is one and while another is prepared, else every 2 seconds,
    which also keeps the replica registered with the owner, and at once when the bus says that the
    definitions moved.
    """

    def __init__(
        self,
        bus: Bus,
        source: BundleSource,
        compile_bundle: Callable[[Bundle], Compiled],
        *,
        aside: bool = False,
    ) -> None:
        """`aside`: compile in a thread, because it takes longer than a request may wait."""
        self.active_hash = ""
        """The bundle that is active as far as this replica knows; empty: none yet."""
        self.trial = NO_TRIAL
        """What is in force for a share of people, as far as this replica knows."""
        self._bus = bus
        self._source = source
        self._compile = compile_bundle
        self._aside = aside
        self._compiled: dict[str, Compiled] = {}
        self._told: dict[str, str] = {}
        """Bundle to what the owner was told of it last: why it failed, or nothing."""
        self._awaited = ""
        """The bundle that is being prepared."""
        self._soon_looks = 0
        """How many looks for it are left at the quicker pace."""
        self._look_now = asyncio.Event()
        self._looking = asyncio.Lock()
        self._ready = asyncio.Event()

    @property
    def active(self) -> Compiled:
        """The active bundle, compiled; `Unavailable` before there is one."""
        return self.of(self.active_hash)

    def for_person(self, oldest_person_id: str) -> Compiled:
        """Return the bundle in force for a person, compiled; empty: nobody known."""
        if is_in_trial(self.trial, oldest_person_id):
            return self.of(self.trial.bundle_hash)
        return self.active

    @property
    def in_force(self) -> list[Compiled]:
        """The active bundle and, where there is one, that of the trial, compiled."""
        return [self.of(each) for each in (self.active_hash, self.trial.bundle_hash) if each]

    @property
    def is_ready(self) -> bool:
        """Whether a bundle is active and compiled here."""
        return self._ready.is_set()

    async def ready(self) -> None:
        await self._ready.wait()

    async def check(self) -> None:
        """Raise `Unavailable` until a bundle is active here: for health."""
        if not self.is_ready:
            raise Unavailable("no definitions are active here yet", reason="NOT_READY")

    def of(self, bundle_hash: str) -> Compiled:
        """Return a bundle among the last three, compiled; `Unavailable` when it is not here."""
        try:
            return self._compiled[bundle_hash]
        except KeyError:
            raise Unavailable(
                "the definitions asked for are not loaded here", reason="BUNDLE_UNKNOWN"
            ) from None

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        await self._bus.on_notice(BUNDLE_MOVED, lambda _: self._look_now.set())
        self._bus.on_reconnect(self._look_now.set)
        complaint = ""
        while True:
            self._look_now.clear()
            try:
                await self.look()
            except TouchpointError as error:
                if error.reason != complaint:
                    log.warning("definitions_not_read", reason=error.reason)
                complaint = error.reason
                self._soon_looks = 0  # who does not answer is not to be asked sooner
            else:
                complaint = ""
            await self._pause()

    async def look(self) -> None:
        """Ask the owner once, and prepare, acknowledge and switch as it says."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        state = await self._source.active()
        is_to_be_told = self._await(state.preparing_hash)
        in_turn = (state.bundle_hash, state.trial.bundle_hash, state.preparing_hash)
        wanted = [each for each in dict.fromkeys(in_turn) if each]
        for bundle_hash in wanted:
            failure = await self._make_ready(bundle_hash)
            # A bundle may be prepared a second time, after a rollback: then it is said again.
            is_prepared = bundle_hash == state.preparing_hash and is_to_be_told
            if is_prepared or self._told.get(bundle_hash) != failure:
                await self._source.acknowledge(bundle_hash, failure)
                self._told[bundle_hash] = failure
        for forgotten in self._told.keys() - self._compiled.keys() - set(wanted):
            del self._told[forgotten]
        if state.bundle_hash in self._compiled:
            self._switch_to(state.bundle_hash, state.trial)

    def _await(self, bundle_hash: str) -> bool:
        """Take note of what is being prepared, if anything; return whether to say it is ready.

        That is said at once, and again about once a second.
        """
        if bundle_hash != self._awaited:
            self._awaited, self._soon_looks = bundle_hash, _SOON_LOOKS
        elif self._soon_looks:
            self._soon_looks -= 1
        return self._soon_looks % round(1 / SOON_EVERY_S) == 0

    @property
    def pace_s(self) -> float:
        """How long it waits for a notice before it looks all the same."""
        if not self.is_ready:
            return FIRST_LOOKS_EVERY_S
        return SOON_EVERY_S if self._awaited and self._soon_looks else LOOK_EVERY_S

    async def _make_ready(self, bundle_hash: str) -> str:
        """Compile a bundle that is not here yet; returns why that failed, or nothing.

        Tried again at every look: the cause may lie outside of the bundle and be mended there.
        """
        if bundle_hash in self._compiled:
            return ""
        bundle = await self._source.bundle(bundle_hash)
        try:
            if self._aside:
                compiled = await asyncio.to_thread(self._compile, bundle)
            else:
                compiled = self._compile(bundle)
            self._keep(bundle_hash, compiled)
        except CompileError as error:
            if self._told.get(bundle_hash) != str(error):
                log.error("bundle_not_compiled", bundle_hash=bundle_hash)
            return str(error)
        return ""

    def _keep(self, bundle_hash: str, compiled: Compiled) -> None:
        self._compiled[bundle_hash] = compiled
        for old in list(self._compiled):
            in_use = (bundle_hash, self.active_hash, self.trial.bundle_hash)
            if len(self._compiled) > KEPT and old not in in_use:
                del self._compiled[old]

    def _switch_to(self, bundle_hash: str, trial: Trial) -> None:
        """Go by a bundle that is compiled here, and by a trial as soon as its bundle is, too.

        A replica that comes while a trial is under way is not ready before: it would answer the
        same person otherwise than the others.
        """
        if bundle_hash != self.active_hash:
            log.info("bundle_switched", bundle_hash=bundle_hash, previous=self.active_hash)
            # Moved to the end: the order of the dictionary is the order of forgetting.
            self._compiled[bundle_hash] = self._compiled.pop(bundle_hash)
            self.active_hash = bundle_hash
        if trial.bundle_hash and trial.bundle_hash not in self._compiled:
            self.trial = NO_TRIAL
            return
        if trial != self.trial:
            log.info("trial_switched", bundle_hash=trial.bundle_hash, share=trial.share)
            self.trial = trial
        self._ready.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.pace_s):
                await self._look_now.wait()
        except TimeoutError:
            return
