"""Lets journeys be looked at anew when what they propose is gone, or what kept them is back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from services.scenario.definitions import Playbook
from services.scenario.domain.ports import JourneyStore
from services.scenario.domain.proposals import Proposals
from services.scenario.journeys.finding import is_to_be_had
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.errors import TouchpointError
from shared.logging import get_logger

_LOOK_EVERY_S = 1.0
log = get_logger(__name__)


class Obstacles:
    """Compares what is proposed with the catalogue and the definitions after each change."""

    def __init__(
        self,
        store: JourneyStore,
        proposals: Proposals,
        catalogue: Catalogue,
        bundles: BundleFollower[Playbook],
        clock: BusinessClock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._proposals = proposals
        self._catalogue = catalogue
        self._bundles = bundles
        self._clock = clock
        self._wake = wake
        self._changed = asyncio.Event()
        self._seen: object = None
        """What was in force when it was compared last, and for whom."""

    def note(self, offer_nos: Sequence[int]) -> None:
        """Hear of rows of the catalogue that changed."""
        if self._bundles.is_ready and not self._relevant().isdisjoint(offer_nos):
            self._changed.set()

    async def run(self) -> None:
        """Compare for ever; a background task of every replica, and harmless on several."""
        await self._bundles.ready()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._changed.wait()
            if self._changed.is_set() or self._seen != self._in_force:
                self._changed.clear()
                await self._compare()

    async def _compare(self) -> None:
        in_force, playbooks = self._in_force, self._bundles.in_force
        now_us = self._clock.now_us()
        # What is gone for some is looked at for all: each by what is in force for its person.
        gone = [
            offer_no
            for offer_no in self._proposals.offer_nos()
            if not all(
                is_to_be_had(self._catalogue, playbook, offer_no, now_us) for playbook in playbooks
            )
        ]
        defined = frozenset.intersection(*(each.for_all(now_us) for each in playbooks))
        newer = [
            scenario
            for playbook in playbooks
            for scenario in playbook.scenarios.values()
            if scenario.takes_over
        ]
        try:
            woken = await self._store.look_again(gone, defined, now_us, newer)
        except TouchpointError as error:
            log.warning("obstacles_not_compared", reason=error.reason)
            self._changed.set()
            await asyncio.sleep(_LOOK_EVERY_S)
            return
        self._seen = in_force
        if woken:
            bundle_hash = self._bundles.active_hash
            log.info("journeys_looked_at_again", journeys=woken, bundle_hash=bundle_hash)
            self._wake()

    @property
    def _in_force(self) -> object:
        """What is in force, and for whom; equal as long as nothing of that changes."""
        trial, now_us = self._bundles.trial, self._clock.now_us()
        running = [
            each.name
            for playbook in self._bundles.in_force
            for each in playbook.plan.at(now_us).experiments
        ]
        return self._bundles.active_hash, trial.bundle_hash, trial.share, trial.salt, running

    def _relevant(self) -> set[int]:
        """Return what any scenario or journey proposes, by number."""
        wanted = {
            offer_id
            for playbook in self._bundles.in_force
            for scenario in playbook.scenarios.values()
            for stage in scenario.stages
            for offer_id in stage.offer_ids
        }
        return self._proposals.offer_nos() | set(self._catalogue.offer_nos(wanted))
