"""What agents note of a person: encrypted under a key of that person's own, gone with it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from typing import Any

from shared.clock import BusinessClock
from shared.postgres import Database, Queries, Transaction
from shared.privacy import (
    UndecipherableError,
    WrappingKeys,
    decrypt,
    encrypt,
    new_person_key,
    renewal_of,
    unwrap,
    wrap,
)
from shared.privacy.wrapping import RENEW_AFTER_DAYS

NOTE = "task_note"
"""What notes are encrypted for."""
_SQL = Queries.beside(__file__, "tasks.sql")
_DAY_US = 86_400_000_000
_GRACE_US = 300_000_000
"""After a renewal, until every replica has seen it and keys are wrapped anew."""
_EVERY_S = 300.0
_RENEWAL = struct.Struct(">I")


class Notes:
    """Seals and opens notes; keys are read anew each time, because notes are rare."""

    def __init__(self, keys: WrappingKeys) -> None:
        self._keys = keys

    async def seal(self, transaction: Transaction, person_id: str, note: str) -> bytes | None:
        """Return a note encrypted for a person, None when the person was erased."""
        wrapped = await transaction.fetchval(_SQL.person_key, person_id)
        if wrapped is None:
            made = wrap(new_person_key(), person_id, self._keys.current())
            await transaction.execute(_SQL.add_person_key, person_id, made)
            wrapped = await transaction.fetchval(_SQL.person_key, person_id)
        if wrapped is None:
            return None
        return encrypt(self._opened(person_id, wrapped), note, NOTE)

    async def read(self, database: Database, task_id: str) -> str:
        """Return the note of a task; empty when there is none, or its key is gone."""
        row = await database.fetchrow(_SQL.note_of, task_id)
        if row is None or row["note"] is None:
            return ""
        wrapped = await database.fetchval(_SQL.person_key, row["person_id"])
        if wrapped is None:
            return ""
        try:
            return decrypt(self._opened(row["person_id"], wrapped), row["note"], NOTE)
        except UndecipherableError:
            return ""

    def rewrapped(self, person_id: str, wrapped: bytes) -> bytes:
        """Return the same key under the current wrapping key."""
        return wrap(self._opened(person_id, wrapped), person_id, self._keys.current())

    def _opened(self, person_id: str, wrapped: bytes) -> bytes:
        return unwrap(wrapped, person_id, self._keys.of(renewal_of(wrapped)))


class Renewal:
    """Renews the wrapping key every 30 days and destroys the old one, and backups with it."""

    def __init__(self, database: Database, keys: WrappingKeys, clock: BusinessClock) -> None:
        self._database = database
        self._keys = keys
        self._notes = Notes(keys)
        self._clock = clock

    async def run(self) -> None:
        """Renew for ever while this replica leads; a background task of the service."""
        await self._database.leadership.lead("key_renewal", self._renew_for_ever)

    async def once(self) -> None:
        """Begin a renewal that is due, or finish one that was begun."""
        now_us = self._clock.now_us()
        current = self._keys.current()
        latest = await self._database.fetchrow(_SQL.latest_renewal)
        if latest is None or latest["renewal"] != current.renewal:
            await self._database.execute(_SQL.begin_renewal, current.renewal, now_us)
        elif now_us - latest["renewed_us"] > RENEW_AFTER_DAYS * _DAY_US:
            renewed = self._keys.renew(current.renewal)
            await self._database.execute(_SQL.begin_renewal, renewed.renewal, now_us)
        elif now_us - latest["renewed_us"] > _GRACE_US:
            await self._wrap_anew(current.renewal)

    async def _renew_for_ever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_S)

    async def _wrap_anew(self, renewal: int) -> None:
        after = ""
        while True:
            rows: Sequence[Any] = await self._database.fetch(
                _SQL.keys_of_other_renewals, _RENEWAL.pack(renewal), after
            )
            if not rows:
                break
            persons = [row["person_id"] for row in rows]
            anew = [self._notes.rewrapped(row["person_id"], row["wrapped"]) for row in rows]
            await self._database.execute(_SQL.replace_keys, persons, anew)
            after = persons[-1]
        self._keys.discard(renewal)
