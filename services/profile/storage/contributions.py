"""Lets contributions age: what somebody contributed in 12 months becomes less by time alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from services.profile.domain.orders import spending
from services.profile.storage import QUERIES
from services.profile.storage.state_codec import decode
from shared.clock import BusinessClock
from shared.postgres import Database

_EVERY_S = 86_400.0
_AT_ONCE = 100
"""Persons looked at before other requests get their turn: a few milliseconds."""
_REST = 6.0
"""Times as long as it worked it rests, so that it takes a seventh of one processor at most."""
_FIRST = "00000000-0000-0000-0000-000000000000"


class Contributions:
    """Keeps the contributions of those who do nothing any more as they are today.

    Value tiers and referrals stand on what is stored beside the states, and that is as of the last
    order or return.
    """

    def __init__(self, database: Database, clock: BusinessClock) -> None:
        self._database = database
        self._clock = clock

    async def lead(self) -> None:
        """Do it once a day; a background task of one replica."""
        await self._database.leadership.lead("contributions", self._age_for_ever)

    async def age(self) -> int:
        """Bring what is stored up to this moment; return of how many persons it was too much."""
        changed, after = 0, _FIRST
        while rows := await self._database.fetch(QUERIES.contributions_after, after, _AT_ONCE):
            after = rows[-1]["person_id"]
            began = time.monotonic()
            changed += await self._write(rows)
            await asyncio.sleep((time.monotonic() - began) * _REST)
        return changed

    async def _write(self, rows: Sequence[Any]) -> int:
        now_us = self._clock.now_us()
        aged = []
        for person_id, stored_micros, state in rows:
            if stored_micros:
                micros = spending(decode(state).orders, now_us).contribution_micros
                if micros != stored_micros:
                    aged.append((person_id, stored_micros, micros))
        if aged:
            columns = map(list, zip(*aged, strict=True))
            await self._database.execute(QUERIES.age_contributions, *columns)
        return len(aged)

    async def _age_for_ever(self) -> None:
        while True:
            await self.age()
            await asyncio.sleep(_EVERY_S)
