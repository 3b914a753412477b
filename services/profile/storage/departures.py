"""Who has left of those whom receivers outside of the house were told of, to be deleted there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.profile.domain.consent import CONSENT_TYPES
from services.profile.domain.event import DAY_US
from services.profile.domain.webhooks import Change
from services.profile.storage.sharing import who_shares
from services.profile.storage.streams import Streams
from shared.clock import BusinessClock
from shared.postgres import Database, Queries, Transaction

_SQL = Queries.beside(__file__, "departures.sql")
CURSOR = "d"
"""Before the number of a cursor that is of no log: a departure waits until it is taken."""
AT_ONCE = 64
_WINDOW = 20_000
_CHECK_AFTER_US = DAY_US
"""For what no event tells: a consent that ended, a merge, imported history."""


class Departures:
    """See `Leaving`: keeps whom each receiver may hold, and finds those who no longer agree to it.

    A word taken back is found with the event that says so, an erasure with its commit, everything
    else within a day. Whatever is looked at twice changes nothing.
    """

    def __init__(self, database: Database, streams: Streams, clock: BusinessClock) -> None:
        self._database = database
        self._streams = streams
        self._clock = clock

    async def note_told(self, webhook: str, person_ids: Sequence[str]) -> None:
        """Return once it is durable that a receiver may hold these persons and their sets."""
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.note_told, webhook, person_ids, self._clock.now_us())

    async def waiting(self, webhook: str) -> Sequence[Change]:
        """Return the next few that a receiver has to be told, oldest first."""
        rows: Sequence[Any] = await self._database.fetch(_SQL.departures_of, webhook, AT_ONCE)
        return [_change(row) for row in rows]

    async def forget(self, webhook: str, told: Sequence[Change]) -> None:
        """Forget departures that a receiver was told of."""
        positions = [int(each.cursor.removeprefix(CURSOR)) for each in told]
        await self._database.execute(_SQL.forget_departures, webhook, positions)

    async def look(self) -> bool:
        """Look for those who have left; says whether there is more to look at."""
        # Before asking whether anybody was told of: what they say from then on lies behind it.
        end = await self._streams.events_end()
        row: Any = await self._database.fetchrow(_SQL.read_watch)
        position, was_told = row
        if not was_told:
            if position != end:
                await self._database.execute(_SQL.move_watch, end)
            return False
        upto = min(end, position + _WINDOW)
        if upto > position:
            await self._check(_SQL.told_who_spoke, position, upto, sorted(CONSENT_TYPES))
            await self._database.execute(_SQL.move_watch, upto)
        before_us = self._clock.now_us() - _CHECK_AFTER_US
        checked = await self._check(_SQL.told_unchecked, before_us, AT_ONCE)
        return upto < end or checked > 0

    async def _check(self, query: str, *asked: object) -> int:
        """Look at the persons that a query finds: those who do not agree depart."""
        rows: Sequence[Any] = await self._database.fetch(query, *asked)
        persons = [row[0] for row in rows]
        if persons:
            now_us = self._clock.now_us()
            agreed = await who_shares(self._database, persons, now_us)
            left = [person for person in persons if person not in agreed]
            await self._database.execute(_SQL.depart, left, False, now_us)
            await self._database.execute(_SQL.mark_checked, sorted(agreed), now_us)
        return len(persons)


async def depart_erased(transaction: Transaction, person_ids: Sequence[str], now_us: int) -> None:
    """Have every receiver that was told of persons delete them, as part of their erasure."""
    await transaction.execute(_SQL.depart, person_ids, True, now_us)


def _change(row: Any) -> Change:
    position, person_id, erased, left_us = row
    kind = "person.erased" if erased else "person.withdrawn"
    return Change(f"{CURSOR}{position}", person_id, kind, left_us, {})
