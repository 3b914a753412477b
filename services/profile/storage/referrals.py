"""Referrals as PostgreSQL keeps them; what they add up to is written into the referrers' states."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.profile.domain.lookup import ReferredBy, ReferredPerson
from services.profile.domain.ports import Recorded
from services.profile.domain.recording import TRIES
from services.profile.domain.referrals import NOBODY, Referral, Referred, referred_by_person
from services.profile.storage import QUERIES
from services.profile.storage.rows import member_of, profile_columns
from shared.clock import BusinessClock
from shared.errors import Aborted
from shared.postgres import Connection, Database, Queries

SQL = Queries.beside(__file__, "referrals.sql")
SETTLE_EVERY_S = 30.0
"""Sales, merges and erasures change what referrals are worth without a word of them."""
_AT_ONCE = 50
"""Persons of one transaction."""


async def write_referrals(connection: Connection, recorded: Iterable[Recorded]) -> None:
    """Note whom events refer."""
    rows = [
        (each.person_id, each.arrival.referred, each.arrival.event.time_us) for each in recorded
    ]
    await connection.execute(SQL.write_referrals, *zip(*rows, strict=True))


async def read_referrals(
    connection: Connection, person_ids: Sequence[str]
) -> tuple[list[ReferredPerson], ReferredBy | None]:
    """Return whom a set referred, newest first, and who referred it."""
    rows: Sequence[Any] = await connection.fetch(SQL.referrals_of, person_ids)
    first: Any = await connection.fetchrow(SQL.referred_by, person_ids)
    return [ReferredPerson(*row) for row in rows], ReferredBy(*first) if first else None


class Referrals:
    """Keeps what referrals add up to: on one replica, and at once when one was recorded there."""

    def __init__(self, database: Database, clock: BusinessClock) -> None:
        self._database = database
        self._clock = clock
        self._said = asyncio.Event()

    async def restore(self, said: Sequence[tuple[str, str, int]]) -> None:
        """Note (who, whom, when) as another home had it; whoever is not here is left out."""
        if said:
            await self._database.execute(SQL.restore_referrals, *zip(*said, strict=True))
            self.settle_soon()

    def settle_soon(self) -> None:
        """Have it settled without waiting for the next time."""
        self._said.set()

    async def lead(self) -> None:
        """Settle again and again; a background task of one replica."""
        await self._database.leadership.lead("referrals", self._settle_for_ever)

    async def follow(self) -> None:
        """Settle when a referral was recorded here; a background task of each replica.

        Two that settle at once write the same, or what the next one sees and corrects.
        """
        while True:
            await self._said.wait()
            self._said.clear()
            await self.settle()

    async def settle(self) -> int:
        """Bring the states up to what referrals come to; return how many persons changed."""
        rows: Sequence[Any] = await self._database.fetch(SQL.all_referrals)
        found = referred_by_person([Referral(*row) for row in rows])
        kept: Sequence[Any] = await self._database.fetch(SQL.referral_tallies)
        known = {person_id: Referred(*counts) for person_id, *counts in kept}
        changed = {
            person_id: found.get(person_id, NOBODY)
            for person_id in found.keys() | known.keys()
            if found.get(person_id, NOBODY) != known.get(person_id, NOBODY)
        }
        persons = sorted(changed)
        for start in range(0, len(persons), _AT_ONCE):
            some = persons[start : start + _AT_ONCE]
            await self._write({person_id: changed[person_id] for person_id in some})
        return len(changed)

    async def _write(self, changed: Mapping[str, Referred]) -> None:
        """Write states and tallies in one transaction, so that they never say different things."""
        for tried in range(1, TRIES + 1):
            try:
                await self._write_both(changed)
                return
            except Aborted:
                if tried == TRIES:
                    raise

    async def _write_both(self, changed: Mapping[str, Referred]) -> None:
        async with self._database.transaction() as transaction:
            rows: Sequence[Any] = await transaction.fetch(QUERIES.lock_persons, sorted(changed))
            members = list(map(member_of, rows))
            for member in members:
                state = member.state
                _ = state.referred  # a stored state writes back the parts that were read
                state.referred = changed[member.person_id]
            if members:
                columns = await profile_columns(members, self._clock.now_us())
                await transaction.execute(QUERIES.update_profiles, *columns)
            there = {member.person_id: changed[member.person_id] for member in members}
            standing = {person: found for person, found in there.items() if found != NOBODY}
            if standing:
                counts = zip(*standing.values(), strict=True)
                await transaction.execute(SQL.write_tallies, list(standing), *counts)
            gone = sorted(changed.keys() - standing.keys())
            if gone:
                await transaction.execute(SQL.forget_tallies, gone)

    async def _settle_for_ever(self) -> None:
        while True:
            await self.settle()
            await asyncio.sleep(SETTLE_EVERY_S)
