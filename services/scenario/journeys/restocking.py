"""Tells journeys that the item they wait for can be had again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.scenario.domain.ports import JourneyStore
from services.scenario.domain.taking import take_events
from services.scenario.journeys.happenings import back_in_stock
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import TouchpointError
from shared.ids import uuid7
from shared.logging import get_logger
from shared.postgres import Database

LOOK_EVERY_S = 1.0
SLICE = 50
"""Persons told in one transaction: it locks their journeys."""
log = get_logger(__name__)


class Restocking:
    """Looks every second, on one replica, whether what is waited for is there.

    Whoever waits is kept beside their journey and stock is asked of the catalogue, so that nothing
    is missed however long a process was away.
    """

    def __init__(
        self,
        store: JourneyStore,
        catalogue: Catalogue,
        clock: BusinessClock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._clock = clock
        self._wake = wake

    async def run(self, database: Database) -> None:
        """Look for ever while this replica leads; a background task of the service."""
        await database.leadership.lead("restocking", self._look_for_ever)

    async def look(self) -> int:
        """Tell everybody who waits for something that is there; returns how many were told."""
        told = 0
        for item_no in await self._store.awaited():
            while self._is_there(item_no):
                persons = await self._store.awaiting(item_no, SLICE)
                told += await self._tell(persons, item_no)
                if len(persons) < SLICE:
                    break
        return told

    def _is_there(self, item_no: int) -> bool:
        catalogue = self._catalogue
        if not 0 < item_no < catalogue.size or catalogue.withdrawn[item_no]:
            return False
        return bool(catalogue.stock[item_no] != 0)

    async def _tell(self, persons: list[str], item_no: int) -> int:
        now_us = self._clock.now_us()
        events = [back_in_stock(person, item_no, now_us, self._catalogue) for person in persons]
        if not events:
            return 0
        async with self._store.transaction() as transaction:
            steps = await take_events(
                transaction, events, lambda _: {}, now_us, lambda us: uuid7(us // 1000)
            )
        if steps:
            self._wake()
        return len(steps)

    async def _look_for_ever(self) -> None:
        while True:
            try:
                await self.look()
            except TouchpointError as error:
                log.warning("restocking_not_looked_at", reason=error.reason)
            await asyncio.sleep(LOOK_EVERY_S)
