"""Keeps folding states anew, on one replica and in the background, until none is outdated.

At its start it also tries what is parked: a version that mends a defect needs no one's help.
"""

from __future__ import annotations

import asyncio
import time

from services.profile.domain.ports import Transactions
from services.profile.domain.refolding import refold_some
from services.profile.domain.replaying import replay_all
from shared.clock import BusinessClock
from shared.logging import get_logger
from shared.postgres import Database

_EVERY_S = 60.0
"""A replica of the version before may still write, while replicas are replaced one by one."""
log = get_logger(__name__)


class Refolding:
    """The background task."""

    def __init__(self, database: Database, store: Transactions, clock: BusinessClock) -> None:
        self._leadership = database.leadership
        self._store = store
        self._clock = clock

    async def lead(self) -> None:
        """Do it while this replica leads."""
        await self._leadership.lead("refolding", self._refold_for_ever)

    async def _refold_for_ever(self) -> None:
        await self.replay()
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_S)

    async def replay(self) -> int:
        """Try parked events again: this version may fold them. Return how many count now."""
        done = await replay_all(self._store, self._clock.now_us())
        if done.folded or done.parked:
            log.info("parked_events_replayed", folded=done.folded, parked=done.parked)
        return done.folded

    async def once(self) -> int:
        """Fold anew whatever is outdated; return how many persons that were."""
        persons = 0
        while some := await self._refold_some():
            persons += some
        if persons:
            log.info("states_folded_anew", persons=persons)
        return persons

    async def _refold_some(self) -> int:
        """Rest as long as it took: half of the time belongs to events and decisions."""
        begun_s = time.monotonic()
        some = await refold_some(self._store, self._clock.now_us())
        if some:
            await asyncio.sleep(time.monotonic() - begun_s)
        return some
