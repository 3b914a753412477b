"""Where persons can be written to, as PostgreSQL keeps it: encrypted, under the key of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.profile.domain.relationships import Relationship
from services.profile.storage import QUERIES
from services.profile.storage.keyring import Keyring
from services.profile.storage.person_rows import NAME, VALUE
from services.profile.storage.relationships import read_relationships
from shared.postgres import Database


class Addresses:
    """Reads what a message needs to know of its person, and nothing else."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def address(self, person_ids: Sequence[str], kind: str) -> str:
        """Return the identity of a kind to write to; empty: there is none."""
        found: Any = await self._database.fetchrow(QUERIES.addresses_of, person_ids, kind)
        if found is None:
            return ""
        person_id, wrapped, sealed = found
        return self._opened(person_id, wrapped, sealed, VALUE)

    async def name(self, person_ids: Sequence[str]) -> str:
        """Return what they are called; empty: nobody said it."""
        rows: Sequence[Any] = await self._database.fetch(QUERIES.names_of, person_ids)
        said = (
            self._opened(person_id, wrapped, sealed, NAME) for person_id, wrapped, sealed in rows
        )
        return next(said, "")

    async def relationships(self, person_ids: Sequence[str]) -> Sequence[Relationship]:
        """Return what was said of who looks after them, in no order."""
        async with self._database.connection() as connection:
            return await read_relationships(connection, person_ids)

    def _opened(self, person_id: str, wrapped: bytes, sealed: bytes, purpose: str) -> str:
        self._keyring.open(person_id, wrapped)
        return self._keyring.decrypt(person_id, sealed, purpose)
