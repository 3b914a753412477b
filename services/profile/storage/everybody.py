"""Everybody there is, set by set: read beside everything else, some at a time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from services.profile.domain.ports import Member
from services.profile.storage import AUDIENCES
from services.profile.storage.keyring import Keyring
from services.profile.storage.person_rows import VALUE
from services.profile.storage.rows import member_of
from shared.postgres import Database

_SETS_AT_ONCE = 250
_LOOKED_THROUGH_AT_ONCE = 2_000
_NAMED_AT_ONCE = 50
"""Opened keys, in about a millisecond: requests come between."""
FIRST = "00000000-0000-0000-0000-000000000000"
"""Before the name of every set."""
_PARTS = 65_536
_GROUP = itemgetter(1)


class Everybody:
    """Reads sets of persons; one that changes meanwhile is seen as it was or as it is."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def count(self) -> int:
        """Return how many people there are, merged persons being one."""
        found: int = await self._database.fetchval(AUDIENCES.count_sets)
        return found

    async def sets(self, share: float = 1.0) -> AsyncIterator[Sequence[Sequence[Member]]]:
        """Yield sets, some at a time: all, or a random share of them, the same at every time.

        States are read part by part, when a part is first asked for.
        """
        sets = await self.page(FIRST, share)
        while sets:
            yield sets
            sets = await self.page(sets[-1][0].group_id, share)

    async def page(self, after: str, share: float = 1.0) -> Sequence[Sequence[Member]]:
        """Return some sets after one of that name, in the order of their names."""
        below = math.ceil(min(share, 1.0) * _PARTS)
        rows: Sequence[Any] = await self._database.fetch(
            AUDIENCES.sets_after, after, below, _SETS_AT_ONCE
        )
        return _sets(rows)

    async def sets_with(self, word: bytes) -> AsyncIterator[Sequence[Sequence[Member]]]:
        """Yield the sets of whose states some hold a word: only those leave the database."""
        after = FIRST
        while True:
            rows: Sequence[Any] = await self._database.fetch(
                AUDIENCES.names_of_sets, after, _LOOKED_THROUGH_AT_ONCE
            )
            if not rows:
                return
            names = [row[0] for row in rows]
            yield _sets(await self._database.fetch(AUDIENCES.sets_that_hold, names, word))
            after = names[-1]

    async def sets_of(self, person_ids: Sequence[str]) -> Sequence[Sequence[Member]]:
        """Return the whole sets of those persons who are there."""
        rows: Sequence[Any] = await self._database.fetch(AUDIENCES.sets_of, person_ids)
        return _sets(rows)

    async def identity_kinds(self, person_ids: Sequence[str]) -> dict[str, Sequence[str]]:
        """Return the kinds of the identities that lead to each person, of those who have any."""
        rows: Sequence[Any] = await self._database.fetch(AUDIENCES.identity_kinds_of, person_ids)
        return dict(rows)

    async def customer_ids(self, person_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the customer ids of those persons who have one."""
        rows: Sequence[Any] = await self._database.fetch(AUDIENCES.customer_ids_of, person_ids)
        found: dict[str, list[str]] = {}
        for person_id, sealed, wrapped in rows:
            self._keyring.open(person_id, wrapped)
            value = self._keyring.decrypt(person_id, sealed, VALUE)
            found.setdefault(person_id, []).append(value)
        return found

    async def customer_ids_of_sets(self, person_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return of those persons who are there all customer ids of their sets."""
        rows: Sequence[Any] = await self._database.fetch(AUDIENCES.customer_ids_of_sets, person_ids)
        found: dict[str, list[str]] = {}
        for place, (asked, person_id, sealed, wrapped) in enumerate(rows):
            known = found.setdefault(asked, [])
            if person_id is not None:
                self._keyring.open(person_id, wrapped)
                value = self._keyring.decrypt(person_id, sealed, VALUE)
                known.extend([value] if value else ())
            if place % _NAMED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    async def oldest_of(self, keys: Sequence[bytes]) -> dict[bytes, str]:
        """Return the oldest person of each set that one of the identities leads to."""
        rows: Sequence[Any] = await self._database.fetch(AUDIENCES.oldest_of_keys, keys)
        return {bytes(key): person_id for key, person_id in rows}


def _sets(rows: Sequence[Any]) -> list[list[Member]]:
    return [list(map(member_of, of_set)) for _, of_set in groupby(rows, _GROUP)]
