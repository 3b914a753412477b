"""Deletes what is kept no longer, in business time."""

from __future__ import annotations

import asyncio

from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.ledger import Ledger
from services.rules.domain.promised_terms import TermsStore
from services.rules.domain.results import ResultStore
from services.rules.domain.retention import Keep
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
        results: ResultStore,
        terms: TermsStore,
        store: PostgresDefinitions,
        bundles: BundleFollower[CompiledBundle],
        clock: BusinessClock,
    ) -> None:
        self._ledger = ledger
        self._results = results
        self._terms = terms
        self._store = store
        self._bundles = bundles
        self._clock = clock

    async def run(self) -> None:
        """Forget for ever; a background task of every replica."""
        await self._bundles.ready()
        while True:
            in_force = self._bundles.in_force
            window_us = max(each.policy.contacts.longest_window_us for each in in_force)
            now_us = self._clock.now_us()
            rows = await self._ledger.forget(now_us, window_us)
            rows += await self._results.forget(now_us - Keep.RESULT_US, now_us - Keep.FAILURE_US)
            rows += await self._terms.forget(now_us - Keep.PROMISE_US)
            await self._store.forget_replicas()
            await asyncio.sleep(_SOON_S if rows else _EVERY_S)
