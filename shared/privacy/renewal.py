"""Renews the wrapping key every 30 days and destroys the old one, and with it what backups hold."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from shared.postgres import Database, Queries
from shared.privacy.encryption import WrappingKey, renewal_of, unwrap, wrap
from shared.privacy.wrapping import WrappingKeys

RENEW_AFTER_DAYS = 30
_DAY_US = 86_400_000_000
_GRACE_US = 300_000_000
"""After a renewal, until every replica has seen it and keys are wrapped anew."""
_LOOK_AGAIN_US = 3_600_000_000
"""All keys are read to find those of another renewal: so seldom once none was found."""
_FIRST_PERSON = "00000000-0000-0000-0000-000000000000"
_RENEWAL = struct.Struct(">I")


class Renewal:
    """Wraps all keys of persons anew that one service keeps; for one replica at a time.

    `queries` names what the service keeps them in: `latest_renewal` returns its number and when it
    began, `begin_renewal` takes both; `keys_of_other_renewals` returns persons with their wrapped
    keys, in order after a person, and `replace_keys` takes both as arrays.
    """

    def __init__(self, database: Database, queries: Queries, keys: WrappingKeys) -> None:
        self._database = database
        self._queries = queries
        self._keys = keys
        self._finished = 0
        """The renewal that all keys were found to be of."""
        self._found_us = 0

    async def once(self, now_us: int) -> None:
        """Begin a renewal that is due, or finish one that was begun."""
        current = self._keys.current()
        latest: Any = await self._database.fetchrow(self._queries.latest_renewal)
        if latest is None or latest[0] != current.renewal:
            await self._begin(current.renewal, now_us)
        elif now_us - latest[1] > RENEW_AFTER_DAYS * _DAY_US:
            await self._begin(self._keys.renew(current.renewal).renewal, now_us)
        elif now_us - latest[1] > _GRACE_US and not self._is_finished(current.renewal, now_us):
            await self._wrap_anew(current)
            self._finished, self._found_us = current.renewal, now_us

    async def _begin(self, renewal: int, now_us: int) -> None:
        await self._database.execute(self._queries.begin_renewal, renewal, now_us)

    def _is_finished(self, renewal: int, now_us: int) -> bool:
        return self._finished == renewal and abs(now_us - self._found_us) < _LOOK_AGAIN_US

    async def _wrap_anew(self, under: WrappingKey) -> None:
        """Wrap every key under this one, then destroy the older wrapping keys."""
        after = _FIRST_PERSON
        prefix = _RENEWAL.pack(under.renewal)
        while True:
            rows: Sequence[Any] = await self._database.fetch(
                self._queries.keys_of_other_renewals, prefix, after
            )
            if not rows:
                break
            persons = [person_id for person_id, _ in rows]
            anew = [self._rewrapped(person_id, wrapped, under) for person_id, wrapped in rows]
            await self._database.execute(self._queries.replace_keys, persons, anew)
            after = persons[-1]
        self._keys.discard(under.renewal)

    def _rewrapped(self, person_id: str, wrapped: bytes, under: WrappingKey) -> bytes:
        """Return the same key under another wrapping key."""
        key = unwrap(wrapped, person_id, self._keys.of(renewal_of(wrapped)))
        return wrap(key, person_id, under)
