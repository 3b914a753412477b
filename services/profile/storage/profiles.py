"""Profiles as PostgreSQL keeps them, read outside of transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.profile.domain.identity import Identity, PersonSet
from services.profile.domain.linking import new_member
from services.profile.domain.lookup import Asked, Fit, Found, IdentityRecord, PersonRecord
from services.profile.domain.ports import Member, NewLink
from services.profile.storage import QUERIES
from services.profile.storage.keyring import Keyring
from services.profile.storage.notices import SCHEMA_NUMBER, identity_notice
from services.profile.storage.person_rows import NAME, VALUE
from services.profile.storage.referrals import read_referrals
from services.profile.storage.relationships import read_relationships
from services.profile.storage.rows import member_of
from services.profile.storage.state_codec import decode_whole
from shared.postgres import Database


class PostgresProfiles:
    """See `Profiles`."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def find(self, keys: Sequence[bytes]) -> Found:
        rows: Sequence[Any] = await self._database.fetch(QUERIES.snapshot, keys)
        asked: list[Asked] = []
        members: list[Member] = []
        for row in rows:
            place, person_id, shared, verified, group_id, version, member_id, *counters = row
            if member_id is not None:
                members.append(member_of((member_id, group_id, version, *counters), decode_whole))
            if not asked or asked[-1].place != place - 1:
                asked.append(Asked(place - 1, person_id, group_id, version, shared, verified))
        return Found(asked, members)

    async def set_of(self, person_id: str) -> Sequence[Member]:
        rows: Sequence[Any] = await self._database.fetch(QUERIES.set_of_person, person_id)
        return [member_of(row, decode_whole) for row in rows]

    async def fits(self, key: bytes) -> Sequence[Fit]:
        rows: Sequence[Any] = await self._database.fetch(QUERIES.fits, key)
        return [
            Fit(person_id, created_us, self._name(person_id, wrapped, sealed), is_customer)
            for person_id, created_us, wrapped, sealed, is_customer in rows
        ]

    async def is_one_of(self, keys: Sequence[bytes], person_id: str) -> bool:
        found: bool = await self._database.fetchval(QUERIES.is_one_of, keys, person_id)
        return found

    async def record(self, person_ids: Sequence[str]) -> PersonRecord:
        async with self._database.connection() as connection:
            identities: Sequence[Any] = await connection.fetch(QUERIES.identities_of, person_ids)
            names: Sequence[Any] = await connection.fetch(QUERIES.names_of, person_ids)
            links: Sequence[Any] = await connection.fetch(QUERIES.standing_links, person_ids)
            said = await read_relationships(connection, person_ids)
            referrals, referred_by = await read_referrals(connection, person_ids)
        return PersonRecord(
            next((self._name(*row) for row in names), ""),
            [self._identity(*row) for row in identities],
            [(NewLink(*row[:4]), row[4]) for row in links],
            said,
            referrals,
            referred_by,
        )

    async def names_by_person(self, person_ids: Sequence[str]) -> Mapping[str, Identity]:
        rows: Sequence[Any] = await self._database.fetch(QUERIES.pseudonyms_of, person_ids)
        return {person_id: Identity(kind, "", key) for person_id, kind, key in rows}

    async def keep(
        self, identities: Sequence[Identity], person_id: str, now_us: int
    ) -> Member | None:
        wrapped = self._keyring.make(person_id)
        member = new_member(person_id)
        alone = PersonSet((person_id,), member.version)
        notices = [
            identity_notice(each.kind, each.key, person_id, alone, shared=False)
            for each in identities
        ]
        kept = await self._database.fetchval(
            QUERIES.keep_person,
            person_id,
            wrapped,
            now_us,
            [each.key for each in identities],
            [each.kind for each in identities],
            [self._keyring.encrypt(person_id, each.value, VALUE) for each in identities],
            [notice.message_id for notice in notices],
            notices[0].subject,
            SCHEMA_NUMBER,
            [notice.data for notice in notices],
        )
        self._database.outbox_written.set()
        return member if kept else None

    def _name(self, person_id: str, wrapped: bytes, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        self._keyring.open(person_id, wrapped)
        return self._keyring.decrypt(person_id, sealed, NAME)

    def _identity(
        self,
        kind: str,
        person_id: str,
        verified: bool,
        sealed: bytes,
        first_seen_us: int,
        wrapped: bytes,
    ) -> IdentityRecord:
        self._keyring.open(person_id, wrapped)
        value = self._keyring.decrypt(person_id, sealed, VALUE)
        return IdentityRecord(kind, value, verified, first_seen_us)
