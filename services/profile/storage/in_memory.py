"""The profile's ports in memory: for tests, with the same contract suite as PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from itertools import count

from services.profile.domain.audit import Note
from services.profile.domain.clients import Asked as ClientsAsked
from services.profile.domain.clients import ClientRecord
from services.profile.domain.identity import Identity
from services.profile.domain.linking import new_member
from services.profile.domain.lookup import Asked, Fit, Found, IdentityRecord, PersonRecord
from services.profile.domain.ports import (
    Changes,
    Glance,
    Member,
    Parked,
    ProfileTransaction,
    RaceLost,
    Recorded,
)
from services.profile.domain.state import State
from services.profile.storage.in_memory_tables import (
    SeenIdentity,
    StoredProfile,
    Tables,
    customers_among,
    members_of,
)
from services.profile.storage.in_memory_transaction import InMemoryTransaction


class InMemoryProfiles:
    """One transaction at a time, copied before and put back when it fails."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._turn = asyncio.Lock()
        self._versions = count(2)

    @property
    def events(self) -> Sequence[Recorded]:
        """The log."""
        return self._tables.events

    @property
    def parked_events(self) -> Sequence[Parked]:
        """What is in the log and in no state."""
        return list(self._tables.parked.values())

    @property
    def notes(self) -> Sequence[Note]:
        """What the audit trail was told."""
        return self._tables.notes

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ProfileTransaction]:
        async with self._turn:
            before = self._tables.copied()
            try:
                yield InMemoryTransaction(self._tables, self._versions)
            except BaseException:
                self._tables = before
                raise

    async def glance(self, keys: Collection[bytes]) -> Glance:
        tables = self._tables
        known = await InMemoryTransaction(tables, self._versions).resolve(keys)
        members = members_of(tables, {found.group_id for found in known.values()})
        stamps = {each.person_id: tables.profiles[each.person_id] for each in members}
        return Glance(known, members, stamps)

    async def save_unchanged(
        self, glance: Glance, claims: Sequence[tuple[bytes, bytes]], changes: Changes
    ) -> None:
        async with self.transaction() as transaction:
            claimed = await transaction.claim(claims, changes.now_us)
            profiles = self._tables.profiles
            same = all(profiles.get(each) is stamp for each, stamp in glance.stamps.items())
            if claimed.standing or not same:
                raise RaceLost("it has changed since it was read")
            await transaction.save(changes)

    def pack(self, member: Member, now_us: int) -> None:
        InMemoryTransaction(self._tables, self._versions).pack(member, now_us)

    async def find(self, keys: Sequence[bytes]) -> Found:
        asked = []
        for place, key in enumerate(keys):
            if identity := self._tables.identities.get(key):
                own = self._tables.profiles[identity.person_id]
                asked.append(
                    Asked(
                        place,
                        identity.person_id,
                        own.group_id,
                        own.version,
                        identity.shared,
                        identity.verified,
                    )
                )
        first = asked[0] if asked and asked[0].place == 0 and not asked[0].shared else None
        return Found(asked, await self.set_of(first.person_id) if first else ())

    async def set_of(self, person_id: str) -> Sequence[Member]:
        own = self._tables.profiles.get(person_id)
        return members_of(self._tables, {own.group_id} if own else set())

    async def fits(self, key: bytes) -> Sequence[Fit]:
        tables = self._tables
        return [
            Fit(
                person_id,
                tables.profiles[person_id].created_us,
                tables.profiles[person_id].name,
                bool(customers_among(tables, {person_id})),
            )
            for person_id in sorted(tables.fits.get(key, ()))
        ]

    async def is_one_of(self, keys: Sequence[bytes], person_id: str) -> bool:
        tables = self._tables
        groups = {tables.profiles[fit].group_id for key in keys for fit in tables.fits.get(key, ())}
        own = tables.profiles.get(person_id)
        return own is not None and own.group_id in groups

    async def keep(
        self, identities: Sequence[Identity], person_id: str, now_us: int
    ) -> Member | None:
        known = self._tables.identities
        if identities[0].key in known:
            return None
        for kind, value, key in identities:
            known.setdefault(key, SeenIdentity(kind, value, person_id, False, now_us))
        member = new_member(person_id)
        self._tables.profiles[person_id] = StoredProfile(
            person_id, member.version, 0, 0, State(), now_us
        )
        return member

    async def record(self, person_ids: Sequence[str]) -> PersonRecord:
        tables = self._tables
        names = [tables.profiles[person].name for person in sorted(person_ids)]
        return PersonRecord(
            next((name for name in names if name), ""),
            [
                IdentityRecord(each.kind, each.value, each.verified, each.first_seen_us)
                for each in tables.identities.values()
                if each.person_id in person_ids
            ],
            tables.standing_links(person_ids),
            [each for each in tables.relationships if each.person_id in person_ids],
        )

    async def page(self, asked: ClientsAsked) -> Sequence[ClientRecord]:
        tables = self._tables
        given = {
            tables.profiles[each.person_id].group_id
            for each in tables.relationships
            if each.owner_id == asked.owner_id
            and asked.role in ("", each.role)
            and each.from_us <= asked.now_us < each.until_us
        }
        groups = sorted(group for group in given if group > asked.after)[: asked.at_most]
        return [await self._client(members_of(tables, {group})) for group in groups]

    async def _client(self, members: Sequence[Member]) -> ClientRecord:
        record = await self.record([member.person_id for member in members])
        customer_ids = (each.value for each in record.identities if each.kind == "customer")
        return ClientRecord(members, record.relationships, record.name, next(customer_ids, ""))
