"""What keeps profile in order: retention, value tiers, renewal of the wrapping key, left-overs."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from typing import Any

from services.profile.domain.event import DAY_US, MINUTE_US
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.storage import QUERIES
from services.profile.storage.erasing import Erasures
from services.profile.storage.keyring import Keyring
from shared.clock import BusinessClock
from shared.postgres import Database
from shared.privacy import WrappingKeys
from shared.privacy.wrapping import RENEW_AFTER_DAYS

KEEP_EVENT_IDS_DAYS = 35
KEEP_EVENTS_DAYS = 761
"""25 months."""
EVERY_S = 30.0
_GRACE_US = 5 * MINUTE_US
"""After a renewal, until every replica has seen it and keys are wrapped anew."""
_FIRST_PERSON = "00000000-0000-0000-0000-000000000000"
_RENEWAL = struct.Struct(">I")


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
    ) -> None:
        self._database = database
        self._keys = keys
        self._keyring = keyring
        self._tiers = tiers
        self._clock = clock
        self._erasures = Erasures(database, keyring)

    async def lead(self) -> None:
        """Do what one replica does for all; a background task."""
        await self._database.leadership.lead("upkeep", self._lead_for_ever)

    async def follow(self) -> None:
        """Do what each replica does for itself; a background task."""
        while True:
            self._keyring.refresh()
            await self._tiers.refresh()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """Do everything that is due."""
        now_us = self._clock.now_us()
        await self._erasures.finish_left_over()
        await self._database.execute(QUERIES.compute_tiers, now_us)
        await self._forget(QUERIES.forget_event_ids, now_us - KEEP_EVENT_IDS_DAYS * DAY_US)
        await self._forget(QUERIES.forget_events, now_us - KEEP_EVENTS_DAYS * DAY_US)
        await self._renew(now_us)

    async def _lead_for_ever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def _forget(self, query: str, before_us: int) -> None:
        while await self._database.fetchval(query, before_us):
            continue

    async def _renew(self, now_us: int) -> None:
        """Renew the wrapping key when it is due, and wrap all keys anew once all know of it."""
        self._keyring.refresh()
        current = self._keyring.current
        latest: Any = await self._database.fetchrow(QUERIES.latest_renewal)
        if latest is None or latest[0] != current.renewal:
            await self._database.execute(QUERIES.begin_renewal, current.renewal, now_us)
        elif now_us - latest[1] > RENEW_AFTER_DAYS * DAY_US:
            renewed = self._keys.renew(current.renewal)
            self._keyring.refresh()
            await self._database.execute(QUERIES.begin_renewal, renewed.renewal, now_us)
        elif now_us - latest[1] > _GRACE_US:
            await self._wrap_anew(current.renewal)

    async def _wrap_anew(self, renewal: int) -> None:
        """Wrap every key under the current renewal, then destroy the older ones."""
        after = _FIRST_PERSON
        while True:
            rows: Sequence[Any] = await self._database.fetch(
                QUERIES.keys_of_other_renewals, _RENEWAL.pack(renewal), after
            )
            if not rows:
                break
            persons = [row[0] for row in rows]
            wrapped = [self._keyring.rewrap(*row) for row in rows]
            await self._database.execute(QUERIES.replace_keys, persons, wrapped)
            after = persons[-1]
        self._keys.discard(renewal)
