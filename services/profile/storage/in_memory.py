"""The profile's ports in memory: for tests, with the same contract suite as PostgreSQL."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from services.profile.domain.audit import Note
from services.profile.domain.clients import Asked as ClientsAsked
from services.profile.domain.clients import ClientRecord
from services.profile.domain.identity import Identity, Known
from services.profile.domain.linking import new_member
from services.profile.domain.lookup import Asked, Fit, Found, IdentityRecord, PersonRecord
from services.profile.domain.ports import (
    Changes,
    Claimed,
    Member,
    NewLink,
    Origins,
    Packed,
    Parked,
    Pending,
    ProfileTransaction,
    RaceLost,
    Recorded,
)
from services.profile.domain.relationships import Relationship, written
from services.profile.domain.state import State


@dataclass(slots=True)
class _Identity:
    kind: str
    value: str
    person_id: str
    verified: bool
    first_seen_us: int
    shared: bool = False


@dataclass(frozen=True, slots=True)
class _Profile:
    group_id: str
    version: int
    seq: int
    freeing_seq: int
    state: State
    created_us: int
    name: str = ""


@dataclass(slots=True)
class _Tables:
    """What a rollback brings back."""

    event_ids: dict[bytes, bytes] = field(default_factory=dict)
    identities: dict[bytes, _Identity] = field(default_factory=dict)
    profiles: dict[str, _Profile] = field(default_factory=dict)
    fits: dict[bytes, set[str]] = field(default_factory=dict)
    links: dict[str, tuple[NewLink, int]] = field(default_factory=dict)
    """By id, with the time of each; also those undone."""
    undone: set[str] = field(default_factory=set)
    """Ids of links."""
    events: list[Recorded] = field(default_factory=list)
    """A position is the place in it, from 1 on."""
    pending: list[tuple[str, int]] = field(default_factory=list)
    """Import and position."""
    outdated: set[str] = field(default_factory=set)
    """Persons whose states an older version of the fold made."""
    parked: dict[int, Parked] = field(default_factory=dict)
    relationships: list[Relationship] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """Of the audit trail."""

    def copied(self) -> _Tables:
        """Return a copy that later changes do not reach."""
        return _Tables(
            dict(self.event_ids),
            {key: replace(identity) for key, identity in self.identities.items()},
            dict(self.profiles),
            {key: set(persons) for key, persons in self.fits.items()},
            dict(self.links),
            set(self.undone),
            list(self.events),
            list(self.pending),
            set(self.outdated),
            dict(self.parked),
            list(self.relationships),
            list(self.notes),
        )

    def standing_links(self, person_ids: Sequence[str]) -> list[tuple[NewLink, int]]:
        """Return the links of any of the persons that were not undone."""
        return [
            (link, time_us)
            for link, time_us in self.links.values()
            if link.link_id not in self.undone
            and (link.person_id in person_ids or link.other_person_id in person_ids)
        ]


class InMemoryProfiles:
    """One transaction at a time, copied before and put back when it fails."""

    def __init__(self) -> None:
        self._tables = _Tables()
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
                yield _Transaction(self._tables, self._versions)
            except BaseException:
                self._tables = before
                raise

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
        return _members(self._tables, {own.group_id} if own else set())

    async def fits(self, key: bytes) -> Sequence[Fit]:
        tables = self._tables
        return [
            Fit(
                person_id,
                tables.profiles[person_id].created_us,
                tables.profiles[person_id].name,
                bool(_customers(tables, {person_id})),
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
            known.setdefault(key, _Identity(kind, value, person_id, False, now_us))
        member = new_member(person_id)
        self._tables.profiles[person_id] = _Profile(
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
        return [await self._client(_members(tables, {group})) for group in groups]

    async def _client(self, members: Sequence[Member]) -> ClientRecord:
        record = await self.record([member.person_id for member in members])
        customer_ids = (each.value for each in record.identities if each.kind == "customer")
        return ClientRecord(members, record.relationships, record.name, next(customer_ids, ""))


def _members(tables: _Tables, group_ids: set[str]) -> list[Member]:
    return [
        Member(p, row.group_id, row.version, row.seq, row.freeing_seq, _Copy(row.state))
        for p, row in sorted(tables.profiles.items())
        if row.group_id in group_ids
    ]


@dataclass(frozen=True, slots=True)
class _Copy:
    """Reads a state without handing out the stored one."""

    state: State

    def __call__(self) -> State:
        return copy.deepcopy(self.state)


def _customers(tables: _Tables, person_ids: set[str]) -> frozenset[str]:
    return frozenset(
        each.person_id
        for each in tables.identities.values()
        if each.kind == "customer" and each.person_id in person_ids
    )


class _Transaction:
    """See `ProfileTransaction`."""

    def __init__(self, tables: _Tables, versions: Any) -> None:
        self._tables = tables
        self._versions = versions

    async def claim(self, claims: Sequence[tuple[bytes, bytes]], now_us: int) -> Claimed:
        known = self._tables.event_ids
        standing = {key: known[key] for key, _ in claims if key in known}
        known.update({key: digest for key, digest in claims if key not in standing})
        return Claimed(frozenset(key for key, _ in claims if key not in standing), standing)

    async def release(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            del self._tables.event_ids[key]

    async def resolve(self, keys: Iterable[bytes], *, hold: bool = False) -> Mapping[bytes, Known]:
        found = {}
        for key in keys:
            if identity := self._tables.identities.get(key):
                own = self._tables.profiles[identity.person_id]
                found[key] = Known(
                    identity.person_id,
                    own.group_id,
                    own.version,
                    identity.shared,
                    identity.verified,
                )
        return found

    async def erased_identities(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        return {}  # it erases nobody

    async def erased_persons(self, person_ids: Collection[str]) -> frozenset[str]:
        return frozenset()

    async def groups_of(self, person_ids: Sequence[str]) -> Mapping[str, Known]:
        profiles = self._tables.profiles
        return {
            person: Known(person, profiles[person].group_id, profiles[person].version, False, False)
            for person in person_ids
            if person in profiles
        }

    async def customers_of(self, group_ids: Sequence[str]) -> Mapping[str, str]:
        found = [
            (row.group_id, person)
            for person, row in self._tables.profiles.items()
            if row.group_id in group_ids and _customers(self._tables, {person})
        ]
        return dict(sorted(found, reverse=True))  # of each set the oldest

    async def lock(self, group_ids: Iterable[str]) -> Sequence[Member]:
        return _members(self._tables, set(group_ids))

    async def next_versions(self, count: int) -> Sequence[int]:
        return [next(self._versions) for _ in range(count)]

    async def identities_of(self, person_id: str) -> int:
        return sum(each.person_id == person_id for each in self._tables.identities.values())

    async def detach(self, key: bytes, person_id: str) -> None:
        known = self._tables.identities.get(key)
        if known is None or known.shared or known.person_id != person_id:
            raise RaceLost("the identity is another's by now")
        del self._tables.identities[key]

    async def links(self, person_ids: Sequence[str]) -> Sequence[NewLink]:
        return [link for link, _ in self._tables.standing_links(person_ids)]

    async def link_by_key(self, idempotency_key: str) -> NewLink | None:
        links = (link for link, _ in self._tables.links.values())
        return next((link for link in links if link.idempotency_key == idempotency_key), None)

    async def link_by_id(self, link_id: str) -> NewLink | None:
        found = self._tables.links.get(link_id)
        return found[0] if found else None

    async def undo_links(self, link_ids: Sequence[str], now_us: int) -> None:
        self._tables.undone.update(link_ids)

    async def relationships(self, person_ids: Sequence[str]) -> Sequence[Relationship]:
        return [each for each in self._tables.relationships if each.person_id in person_ids]

    async def hold(self, person_ids: Collection[str]) -> frozenset[str]:
        return frozenset(person_ids) & self._tables.profiles.keys()

    async def date_back(self, origins: Origins) -> None:
        tables = self._tables
        for person_id, time_us in origins.persons.items():
            known = tables.profiles[person_id]
            tables.profiles[person_id] = replace(known, created_us=min(time_us, known.created_us))
        for key, time_us in origins.identities.items():
            seen = tables.identities[key]
            seen.first_seen_us = min(time_us, seen.first_seen_us)
        for link_id, time_us in origins.links.items():
            link, linked_us = tables.links[link_id]
            tables.links[link_id] = (link, min(time_us, linked_us))

    async def pending(
        self, import_id: str, max_events: int, share: tuple[int, int]
    ) -> Sequence[Pending]:
        part, parts = share
        tables = self._tables
        mine = [
            each
            for each in tables.pending
            if each[0] == import_id
            and int(tables.events[each[1] - 1].person_id[-2:], 16) % parts == part
        ][:max_events]
        tables.pending = [each for each in tables.pending if each not in mine]
        return self._pending([position for _, position in mine])

    async def parked(self, position: int, max_events: int) -> Sequence[Pending]:
        after = sorted(each for each in self._tables.parked if each > position)
        return self._pending(after[:max_events])

    def _pending(self, positions: Sequence[int]) -> Sequence[Pending]:
        tables = self._tables
        by_person: dict[str, list[int]] = {}
        for position in positions:
            by_person.setdefault(tables.events[position - 1].person_id, []).append(position)
        groups = {tables.profiles[person_id].group_id for person_id in by_person}
        return [
            Pending(member, [tables.events[at - 1].arrival.event for at in places], places)
            for member in _members(tables, groups)
            if (places := by_person.get(member.person_id))
        ]

    def pack(self, member: Member, now_us: int) -> None:
        member.packed = Packed(_Copy(copy.deepcopy(member.state)))

    async def outdated(self, persons: int) -> Sequence[Pending]:
        tables = self._tables
        chosen = sorted(tables.outdated)[:persons]
        lacking = {position for _, position in tables.pending} | tables.parked.keys()
        events = [
            (position, each)
            for position, each in enumerate(tables.events, start=1)
            if position not in lacking
        ]
        found = []
        for member in _members(tables, {tables.profiles[person].group_id for person in chosen}):
            if member.person_id in chosen:
                own = [each for each in events if each[1].person_id == member.person_id]
                happened = [recorded.arrival.event for _, recorded in own]
                found.append(Pending(member, happened, [position for position, _ in own]))
        return found

    async def mark_renewed(self, person_ids: Sequence[str]) -> None:
        self._tables.outdated.difference_update(person_ids)

    async def save(self, changes: Changes) -> None:
        self._save_persons(changes)
        tables = self._tables
        tables.events.extend(changes.events)
        tables.notes.extend(changes.notes)
        for position in changes.unparked:
            del tables.parked[position]
        for each in changes.parked:
            position = each.position or self._position(each)
            tables.parked[position] = each._replace(position=position)

    def _position(self, parked: Parked) -> int:
        numbers = ((each.person_id, each.seq) for each in self._tables.events)
        return list(numbers).index((parked.person_id, parked.seq)) + 1

    async def save_history(self, changes: Changes, import_id: str) -> None:
        before = len(self._tables.events)
        await self.save(changes)
        positions = range(before + 1, len(self._tables.events) + 1)
        self._tables.pending.extend((import_id, position) for position in positions)

    def _save_persons(self, changes: Changes) -> None:
        tables = self._tables
        for key, kind, value, person_id, verified in _new_identities(changes):
            if key in tables.identities:
                raise RaceLost("another transaction saw one of the identities first")
            tables.identities[key] = _Identity(kind, value, person_id, verified, changes.now_us)
        for member in (*changes.new_members, *changes.members):
            self._save_member(member, changes.now_us)
        for key in changes.verified:
            tables.identities[key].verified = True
        for shared in changes.shared:
            tables.identities[shared.key].shared = True
            tables.fits.setdefault(shared.key, set()).update(shared.person_ids)
        for person_id, name in changes.names.items():
            tables.profiles[person_id] = replace(tables.profiles[person_id], name=name)
        for link in changes.links:
            tables.links[link.link_id] = (link, changes.now_us)
        tables.relationships = list(written(tables.relationships, changes.relationships).values())

    def _save_member(self, member: Member, now_us: int) -> None:
        known = self._tables.profiles.get(member.person_id)
        if known is None:
            known = _Profile("", 0, 0, 0, State(), now_us)
        self._tables.profiles[member.person_id] = replace(
            known,
            group_id=member.group_id,
            version=member.version,
            seq=member.seq,
            freeing_seq=member.freeing_seq,
            state=copy.deepcopy(member.state) if member.is_loaded else known.state,
        )


def _new_identities(changes: Changes) -> Iterable[tuple[bytes, str, str, str, bool]]:
    for seen in changes.identities:
        kind, value, key = seen.identity
        yield key, kind, value, seen.person_id, seen.verified
