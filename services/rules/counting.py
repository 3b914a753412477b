"""Counts what rules do, in memory on the request path, and writes it every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from services.rules.domain.acts import Act
from services.rules.domain.failures import Failures, count_failures, merge_failures
from services.rules.domain.results import Counts, ResultStore, count_decision, merge
from shared.errors import TouchpointError
from shared.logging import get_logger

_EVERY_S = 2.0
log = get_logger(__name__)


class Counting:
    """What this replica counted and did not write yet; a crash loses that."""

    def __init__(self, store: ResultStore) -> None:
        self._store = store
        self._counts: Counts = {}
        self._failures: Failures = {}
        self._turn = asyncio.Lock()

    def count(
        self,
        now_us: int,
        person_ids: Sequence[str],
        placements: Sequence[str],
        acts: Collection[tuple[str, Act]],
    ) -> None:
        """Count one decision for a set of persons, of whom the oldest stands for all."""
        count_decision(self._counts, now_us, person_ids[0] if person_ids else "", placements, acts)
        count_failures(self._failures, now_us, acts)

    async def write(self) -> None:
        """Write what was counted; raises the kit's errors, and then keeps it for the next time."""
        async with self._turn:
            counted, self._counts = self._counts, {}
            failed, self._failures = self._failures, {}
            if not counted:
                return
            written = False
            try:
                await self._store.add_counts(counted, failed)
                written = True
            finally:
                if not written:
                    merge(self._counts, counted)
                    merge_failures(self._failures, failed)

    async def run(self) -> None:
        """Write for ever, and what is left when the service ends; a background task."""
        try:
            while True:
                await asyncio.sleep(_EVERY_S)
                await self._try()
        finally:
            await self._try()

    async def _try(self) -> None:
        try:
            await self.write()
        except TouchpointError as error:
            log.warning("rule_results_not_written", reason=error.reason)
