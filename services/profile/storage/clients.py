"""Client lists as PostgreSQL keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from services.profile.domain.clients import Asked, ClientRecord
from services.profile.domain.ports import Member
from services.profile.domain.relationships import Relationship
from services.profile.storage import QUERIES
from services.profile.storage.keyring import Keyring
from services.profile.storage.person_rows import NAME, VALUE
from services.profile.storage.relationships import read_relationships
from services.profile.storage.rows import member_of
from services.profile.storage.state_codec import decode_whole
from shared.postgres import Database


class PostgresClients:
    """See `ClientRecords`."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def page(self, asked: Asked) -> Sequence[ClientRecord]:
        async with self._database.connection() as connection:
            groups: Sequence[Any] = await connection.fetch(
                QUERIES.clients_of,
                asked.owner_id,
                asked.role,
                asked.now_us,
                asked.after or None,
                asked.at_most,
            )
            rows: Sequence[Any] = await connection.fetch(
                QUERIES.sets_of_groups, [row[0] for row in groups]
            )
            members = [member_of(row, decode_whole) for row in rows]
            persons = [member.person_id for member in members]
            said = await read_relationships(connection, persons)
            names: Sequence[Any] = await connection.fetch(QUERIES.names_of, persons)
            customers: Sequence[Any] = await connection.fetch(QUERIES.customer_ids_of, persons)
        shown = _Shown(
            _by_person(said), self._first_of(names, NAME), self._first_of(customers, VALUE)
        )
        sets = (list(found) for _, found in groupby(members, lambda member: member.group_id))
        return [shown.record(found) for found in sets]

    def _first_of(self, rows: Sequence[Any], purpose: str) -> dict[str, str]:
        """Return the first value of each person, opened."""
        found: dict[str, str] = {}
        for person_id, wrapped, sealed in rows:
            if person_id not in found:
                self._keyring.open(person_id, wrapped)
                found[person_id] = self._keyring.decrypt(person_id, sealed, purpose)
        return found


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was read of a page's persons, by person."""

    said: Mapping[str, Sequence[Relationship]]
    names: Mapping[str, str]
    customer_ids: Mapping[str, str]

    def record(self, members: Sequence[Member]) -> ClientRecord:
        persons = [member.person_id for member in members]
        return ClientRecord(
            members,
            [said for person_id in persons for said in self.said.get(person_id, ())],
            next(filter(None, map(self.names.get, persons)), ""),
            next(filter(None, map(self.customer_ids.get, persons)), ""),
        )


def _by_person(said: Iterable[Relationship]) -> dict[str, list[Relationship]]:
    found: dict[str, list[Relationship]] = {}
    for each in said:
        found.setdefault(each.person_id, []).append(each)
    return found
