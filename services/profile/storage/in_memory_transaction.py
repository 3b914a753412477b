"""One transaction in memory; see `ProfileTransaction`."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from services.profile.domain.identity import Known
from services.profile.domain.ports import (
    Changes,
    Claimed,
    Member,
    NewLink,
    Origins,
    Packed,
    Parked,
    Pending,
    RaceLost,
)
from services.profile.domain.relationships import Relationship, written
from services.profile.domain.state import State
from services.profile.storage.in_memory_tables import (
    Copied,
    SeenIdentity,
    StoredProfile,
    Tables,
    customers_among,
    members_of,
)


class InMemoryTransaction:
    """Works on the tables themselves: its store lends them to one at a time."""

    def __init__(self, tables: Tables, versions: Iterator[int]) -> None:
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
            if row.group_id in group_ids and customers_among(self._tables, {person})
        ]
        return dict(sorted(found, reverse=True))  # of each set the oldest

    async def lock(self, group_ids: Iterable[str]) -> Sequence[Member]:
        return members_of(self._tables, set(group_ids))

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

    async def known_links(self, link_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(link_ids) & self._tables.links.keys()

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
            for member in members_of(tables, groups)
            if (places := by_person.get(member.person_id))
        ]

    def pack(self, member: Member, now_us: int) -> None:
        member.packed = Packed(Copied(copy.deepcopy(member.state)))

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
        for member in members_of(tables, {tables.profiles[person].group_id for person in chosen}):
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
            tables.identities[key] = SeenIdentity(kind, value, person_id, verified, changes.now_us)
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
            known = StoredProfile("", 0, 0, 0, State(), now_us)
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
