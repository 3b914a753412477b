"""Everything that is kept, in the order in which it leaves: persons by id, events by position."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from services.profile.domain.owners import owner_text
from services.profile.domain.ports import Member, NewLink
from services.profile.domain.relationships import Relationship
from services.profile.domain.restoring import MovedLink
from services.profile.domain.state import State
from services.profile.storage import QUERIES, TRANSFER
from services.profile.storage.keyring import Keyring
from services.profile.storage.person_rows import NAME, VALUE
from services.profile.storage.relationships import read_relationships
from services.profile.storage.rows import PRIVATE, member_of
from services.profile.storage.state_codec import decode, decode_whole
from services.profile.storage.streams import Streams
from shared.postgres import Database

PERSONS_AT_ONCE = 200
"""Their snapshots are about a megabyte at most, and made in a fifth of a second."""
_FIRST = "00000000-0000-0000-0000-000000000000"
_SET, _PERSON = itemgetter(1), itemgetter(0)


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """An identity in full."""

    kind: str
    value: str
    verified: bool
    first_seen_us: int
    fits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """One person, without what they did."""

    person_id: str
    profile_id: str
    created_us: int
    name: str
    state: State
    identities: Sequence[StoredIdentity]
    relationships: Sequence[Relationship]
    referrals: Sequence[tuple[str, int]]
    """Whom they referred, and when that was first said."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some persons, the sets that they are the oldest of, and the links that name them first."""

    persons: Sequence[StoredPerson]
    sets: Sequence[Sequence[Member]]
    links: Sequence[MovedLink]


class Exports:
    """Reads beside everything else: no transaction lasts longer than one page."""

    def __init__(self, database: Database, keyring: Keyring, streams: Streams) -> None:
        self._database = database
        self._keyring = keyring
        self._streams = streams

    async def persons(self, after: str, *, personal: bool) -> AsyncIterator[Page]:
        """Yield everybody after a person (empty: everybody); names and values only if personal.

        Somebody whose set changes meanwhile may be in the state before or after it.
        """
        after = after or _FIRST
        while rows := await self._database.fetch(TRANSFER.export_persons, after, PERSONS_AT_ONCE):
            page = await self._page(rows, personal=personal)
            yield page
            after = page.persons[-1].person_id

    async def _page(self, rows: Sequence[Any], *, personal: bool) -> Page:
        persons = [row[0] for row in rows]
        oldest = [row[0] for row in rows if row[0] == row[1]]
        async with self._database.connection() as connection:
            members: Sequence[Any] = await connection.fetch(TRANSFER.export_sets, oldest)
            links: Sequence[Any] = await connection.fetch(TRANSFER.export_links, persons)
            owners = await read_relationships(connection, persons)
            seen: Sequence[Any] = ()
            referrals: Sequence[Any] = ()
            if personal:
                seen = await connection.fetch(TRANSFER.export_identities, persons)
                referrals = await connection.fetch(TRANSFER.export_referrals, persons)
        identities = {person: list(rows) for person, rows in groupby(seen, _PERSON)}
        referred = {person: list(rows) for person, rows in groupby(referrals, _PERSON)}
        return Page(
            [self._person(row, identities, owners, referred, personal=personal) for row in rows],
            [
                [member_of(each, decode_whole) for each in of_set]
                for _, of_set in groupby(members, _SET)
            ],
            [MovedLink(0, NewLink(*row[:4]), row[4]) for row in links],
        )

    def _person(
        self,
        row: Any,
        identities: Mapping[str, Sequence[Any]],
        owners: Sequence[Relationship],
        referred: Mapping[str, Sequence[Any]],
        *,
        personal: bool,
    ) -> StoredPerson:
        person_id, profile_id, state, created_us, wrapped, sealed_name = row
        name = ""
        if personal:
            self._keyring.open(person_id, wrapped)
            name = self._keyring.decrypt(person_id, sealed_name, NAME) if sealed_name else ""
        found = [
            StoredIdentity(
                kind,
                self._keyring.decrypt(person_id, sealed, VALUE),
                verified,
                first_seen_us,
                tuple(fits or ()),
            )
            for _, kind, verified, sealed, first_seen_us, fits in identities.get(person_id, ())
        ]
        said = [each for each in owners if each.person_id == person_id]
        referrals = [(other, said_us) for _, other, said_us in referred.get(person_id, ())]
        return StoredPerson(
            person_id, profile_id, created_us, name, decode(state), found, said, referrals
        )

    async def events(
        self, position: int, types: Sequence[str], *, personal: bool
    ) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        """Yield (position after it, rows of `export_events`), the private part and owner as text.

        Without personal values both are empty.
        """
        async for after, rows in self._streams.records(position, types):
            if personal:
                yield after, await self._opened(rows)
            else:
                yield after, [(*row[:-2], "", "") for row in rows]

    async def _opened(self, rows: Sequence[Any]) -> Sequence[Any]:
        persons = {row[1] for row in rows if row[-2] is not None}
        keys: Sequence[Any] = ()
        if persons:
            keys = await self._database.fetch(QUERIES.person_keys, sorted(persons))
        known = {person_id for person_id, _ in keys}  # without those erased in between
        for person_id, wrapped in keys:
            self._keyring.open(person_id, wrapped)
        privates = [self._private(row[1], row[-2], known) for row in rows]
        owners = await self._owners({row[-1] for row in rows if row[-1] is not None})
        return [
            (*row[:-2], private, owners.get(row[-1], ""))
            for row, private in zip(rows, privates, strict=True)
        ]

    def _private(self, person_id: str, sealed: bytes | None, known: set[str]) -> str:
        if sealed is None or person_id not in known:
            return ""
        return self._keyring.decrypt(person_id, sealed, PRIVATE)

    async def _owners(self, keys: set[bytes]) -> Mapping[bytes | None, str]:
        found: dict[bytes | None, str] = {key: owner_text(key) for key in keys}
        rows: Sequence[Any] = ()
        if keys:
            rows = await self._database.fetch(TRANSFER.export_owners, sorted(keys))
        for key, person_id, kind, sealed, wrapped in rows:
            self._keyring.open(person_id, wrapped)
            value = self._keyring.decrypt(person_id, sealed, VALUE)
            found[key] = owner_text(key, kind, value)
        return found
