"""Deletes what is kept no longer, in business time."""

from __future__ import annotations

import asyncio

from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.ledger import Ledger
from services.rules.storage.definitions import PostgresDefinitions
from shared.clock import BusinessClock
from shared.definitions import BundleFollower

_EVERY_S = 600.0
_SOON_S = 0.1


class Forgetting:
    """Forgets a slice at a time, with requests in between; see `Keep` for how long things stay."""

    def __init__(
        self,
        ledger: Ledger,
        store: PostgresDefinitions,
        bundles: BundleFollower[CompiledBundle],
        clock: BusinessClock,
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._bundles = bundles
        self._clock = clock

    async def run(self) -> None:
        """Forget for ever; a background task of every replica."""
        await self._bundles.ready()
        while True:
            window_us = self._bundles.active.policy.contacts.longest_window_us
            rows = await self._ledger.forget(self._clock.now_us(), window_us)
            await self._store.forget_replicas()
            await asyncio.sleep(_SOON_S if rows else _EVERY_S)
