"""What agents note of a person: encrypted under a key of that person's own, gone with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.scenario.domain.tasks import Attempt
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
from shared.privacy.renewal import Renewal

NOTE = "task_note"
"""What notes are encrypted for."""
_SQL = Queries.beside(__file__, "tasks.sql")
_EVERY_S = 300.0


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

    async def noted(
        self, database: Database, person_ids: Sequence[str], limit: int
    ) -> list[Attempt]:
        """Return tries of tasks of persons of which something was noted, latest first."""
        rows = await database.fetch(_SQL.noted, list(person_ids), limit)
        tries = []
        for row in rows:
            found = dict(row)
            person_id, wrapped = found.pop("person_id"), found.pop("wrapped")
            tries.append(Attempt(**{**found, "note": self.opened(person_id, wrapped, row["note"])}))
        return [each for each in tries if each.note]

    def opened(self, person_id: str, wrapped: bytes | None, sealed: bytes | None) -> str:
        """Return a sealed note; empty when there is none, or the key of its person is gone."""
        if wrapped is None or sealed is None:
            return ""
        try:
            return decrypt(self._opened(person_id, wrapped), sealed, NOTE)
        except UndecipherableError:
            return ""

    def _opened(self, person_id: str, wrapped: bytes) -> bytes:
        return unwrap(wrapped, person_id, self._keys.of(renewal_of(wrapped)))


class NoteKeys:
    """Keeps the wrapping key of notes young."""

    def __init__(self, database: Database, keys: WrappingKeys, clock: BusinessClock) -> None:
        self._database = database
        self._renewal = Renewal(database, _SQL, keys)
        self._clock = clock

    async def run(self) -> None:
        """Renew for ever while this replica leads; a background task of the service."""
        await self._database.leadership.lead("key_renewal", self._renew_for_ever)

    async def once(self) -> None:
        """Begin a renewal that is due, or finish one that was begun."""
        await self._renewal.once(self._clock.now_us())

    async def _renew_for_ever(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_S)
