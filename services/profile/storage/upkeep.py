"""What keeps profile in order: retention, value tiers, renewal of the wrapping key, left-overs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from services.profile.domain.event import DAY_US
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.storage import QUERIES
from services.profile.storage.erasing import Erasures
from services.profile.storage.keyring import Keyring
from shared.clock import BusinessClock
from shared.postgres import Database
from shared.privacy import WrappingKeys
from shared.privacy.renewal import Renewal

KEEP_EVENT_IDS_DAYS = 35
KEEP_EVENTS_DAYS = 761
"""25 months."""
EVERY_S = 30.0
_TIERS_SHARE = 1 / 400
"""Of the time that tiers may take: of a million people they take half a second."""
_TIERS_STAND_S = 300.0
"""At the longest until they are computed again."""


class TierReader:
    """The tiers as last computed; read again by `refresh`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.tiers: Tiers = NO_TIERS

    async def refresh(self) -> None:
        row: Any = await self._database.fetchrow(QUERIES.read_tiers)
        if row is not None:
            self.tiers = Tiers(*row)


class Upkeep:
    """Tasks of one replica at a time, and of each replica for itself."""

    def __init__(
        self,
        database: Database,
        keys: WrappingKeys,
        keyring: Keyring,
        tiers: TierReader,
        clock: BusinessClock,
        erasures: Erasures,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._tiers = tiers
        self._clock = clock
        self._erasures = erasures
        self._renewal = Renewal(database, QUERIES, keys)
        self._tiers_stand_until = 0.0

    async def lead(self) -> None:
        """Do what one replica does for all; a background task."""
        await self._database.leadership.lead("upkeep", self._lead_for_ever)

    async def follow(self) -> None:
        """Do what each replica does for itself; a background task."""
        while True:
            self._keyring.refresh()
            self._keyring.close_unasked()
            await self._tiers.refresh()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """Do everything that is due."""
        now_us = self._clock.now_us()
        await self._erasures.finish_left_over()
        await self._forget(QUERIES.forget_event_ids, now_us - KEEP_EVENT_IDS_DAYS * DAY_US)
        await self._forget(QUERIES.forget_events, now_us - KEEP_EVENTS_DAYS * DAY_US)
        self._keyring.refresh()
        await self._renewal.once(now_us)
        self._keyring.refresh()
        await self._compute_tiers(now_us)

    async def _compute_tiers(self, now_us: int) -> None:
        began = time.monotonic()
        if began < self._tiers_stand_until:
            return
        await self._database.execute(QUERIES.compute_tiers, now_us)
        spent_s = time.monotonic() - began
        self._tiers_stand_until = began + min(spent_s / _TIERS_SHARE, _TIERS_STAND_S)

    async def _lead_for_ever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def _forget(self, query: str, before_us: int) -> None:
        while await self._database.forget_slice(query, before_us):
            continue
