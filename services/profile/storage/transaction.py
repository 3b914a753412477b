"""One transaction on PostgreSQL; see `ProfileTransaction`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.profile.domain.audit import Sealer
from services.profile.domain.identity import Known
from services.profile.domain.ports import (
    Changes,
    Claimed,
    Glance,
    Member,
    NewLink,
    Origins,
    Pending,
    ProfileTransaction,
    RaceLost,
)
from services.profile.domain.relationships import Relationship
from services.profile.storage import QUERIES, TRANSFER
from services.profile.storage.audit_trail import append_notes
from services.profile.storage.history import History
from services.profile.storage.keyring import Keyring
from services.profile.storage.notices import event_notices
from services.profile.storage.parked import lock_parked, park
from services.profile.storage.person_rows import save_persons
from services.profile.storage.relationships import read_relationships
from services.profile.storage.rows import (
    EVENT_COLUMNS,
    event_row,
    member_of,
    pack,
)
from services.profile.storage.unlocked import glance, open_keys, save_unchanged
from shared.bus import Publication, append
from shared.postgres import Database, Transaction

_COPIED_FROM = 8
"""So many events are cheaper to copy: the driver looks at each element of an array twice."""

_SEEING_LOCKS = 256
"""Among so many locks the identities are divided that are seen for the first time."""


class PostgresTransactions:
    """Opens transactions on the schema of profile."""

    def __init__(self, database: Database, keyring: Keyring, sealer: Sealer) -> None:
        self._database = database
        self._keyring = keyring
        self._sealer = sealer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ProfileTransaction]:
        async with self._database.transaction() as transaction:
            yield PostgresTransaction(transaction, self._keyring, self._sealer)

    async def glance(self, keys: Collection[bytes]) -> Glance:
        return await glance(self._database, keys)

    async def save_unchanged(
        self, seen: Glance, claims: Sequence[tuple[bytes, bytes]], changes: Changes
    ) -> None:
        await save_unchanged(self._database, self._keyring, seen, claims, changes)

    def pack(self, member: Member, now_us: int) -> None:
        pack(member, now_us)


class PostgresTransaction:
    """The steps of one transaction."""

    def __init__(self, transaction: Transaction, keyring: Keyring, sealer: Sealer) -> None:
        self._tx = transaction
        self._keyring = keyring
        self._sealer = sealer
        self._history = History(transaction, keyring)
        self._writes_positions = False

    async def claim(self, claims: Sequence[tuple[bytes, bytes]], now_us: int) -> Claimed:
        keys = [key for key, _ in claims]
        rows: Sequence[Any] = await self._tx.fetch(
            QUERIES.claim_events, keys, [digest for _, digest in claims], now_us
        )
        self._writes_positions = True
        if len(rows) == len(claims):
            return Claimed(frozenset(keys), {})
        fresh = frozenset(row[0] for row in rows)
        standing: Sequence[Any] = await self._tx.fetch(
            QUERIES.standing_digests, [key for key in keys if key not in fresh]
        )
        return Claimed(fresh, dict(map(tuple, standing)))

    async def release(self, keys: Sequence[bytes]) -> None:
        await self._tx.execute(QUERIES.release_events, keys)

    async def resolve(self, keys: Iterable[bytes], *, hold: bool = False) -> Mapping[bytes, Known]:
        query = QUERIES.resolve_and_hold if hold else QUERIES.resolve
        if hold:
            await self._tx.execute(QUERIES.allow_pauses)
        wanted = list(keys)
        found = await self._resolved(query, wanted)
        unknown = [key for key in wanted if key not in found]
        if unknown:
            # Whoever saw them first has made them once the lock is ours, or never will.
            places = sorted({key[0] % _SEEING_LOCKS for key in unknown})
            await self._tx.execute(QUERIES.lock_seeing, places)
            found.update(await self._resolved(query, unknown))
        return found

    async def _resolved(self, query: str, keys: Sequence[bytes]) -> dict[bytes, Known]:
        rows: Sequence[Any] = await self._tx.fetch(query, keys)
        return {row[0]: Known(*row[1:]) for row in rows}

    async def erased_identities(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.erased_identities, list(keys))
        return dict(map(tuple, rows))

    async def erased_persons(self, person_ids: Collection[str]) -> frozenset[str]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.erased_persons, list(person_ids))
        return frozenset(row[0] for row in rows)

    async def groups_of(self, person_ids: Sequence[str]) -> Mapping[str, Known]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.groups_of, person_ids)
        return {row[0]: Known(row[0], row[1], row[2], False, False) for row in rows}

    async def customers_of(self, group_ids: Sequence[str]) -> Mapping[str, str]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.customers_of, group_ids)
        return dict(map(tuple, rows))

    async def lock(self, group_ids: Iterable[str]) -> Sequence[Member]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.lock_sets, list(group_ids))
        return [member_of(row) for row in rows]

    async def next_versions(self, count: int) -> Sequence[int]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.next_versions, count)
        return [row[0] for row in rows]

    async def identities_of(self, person_id: str) -> int:
        count: int = await self._tx.fetchval(QUERIES.count_identities, person_id)
        return count

    async def detach(self, key: bytes, person_id: str) -> None:
        if await self._tx.fetchval(QUERIES.detach_identity, key, person_id) is None:
            raise RaceLost("the identity is another's by now")

    async def links(self, person_ids: Sequence[str]) -> Sequence[NewLink]:
        rows: Sequence[Any] = await self._tx.fetch(QUERIES.standing_links, person_ids)
        return [NewLink(row[0], row[1], row[2], row[3]) for row in rows]

    async def link_by_key(self, idempotency_key: str) -> NewLink | None:
        row: Any = await self._tx.fetchrow(QUERIES.link_by_key, idempotency_key)
        return NewLink(row[0], row[1], row[2], row[3], idempotency_key) if row else None

    async def link_by_id(self, link_id: str) -> NewLink | None:
        row: Any = await self._tx.fetchrow(QUERIES.link_by_id, link_id)
        return NewLink(row[0], row[1], row[2], row[3]) if row else None

    async def known_links(self, link_ids: Sequence[str]) -> frozenset[str]:
        rows: Sequence[Any] = await self._tx.fetch(TRANSFER.known_links, link_ids)
        return frozenset(row[0] for row in rows)

    async def undo_links(self, link_ids: Sequence[str], now_us: int) -> None:
        await self._tx.execute(QUERIES.undo_links, link_ids, now_us)

    async def relationships(self, person_ids: Sequence[str]) -> Sequence[Relationship]:
        return await read_relationships(self._tx, person_ids)

    async def hold(self, person_ids: Collection[str]) -> frozenset[str]:
        await self._tx.execute(QUERIES.allow_pauses)
        rows: Sequence[Any] = await self._tx.fetch(TRANSFER.hold_persons, sorted(person_ids))
        return frozenset(row[0] for row in rows)

    async def date_back(self, origins: Origins) -> None:
        for query, moments in (
            (TRANSFER.date_back_persons, origins.persons),
            (TRANSFER.date_back_identities, origins.identities),
            (TRANSFER.date_back_links, origins.links),
        ):
            if moments:
                await self._tx.execute(query, list(moments), list(moments.values()))

    async def pending(
        self, import_id: str, max_events: int, share: tuple[int, int]
    ) -> Sequence[Pending]:
        return await self._history.pending(import_id, max_events, share)

    async def parked(self, position: int, max_events: int) -> Sequence[Pending]:
        return await lock_parked(self._tx, position, max_events)

    def pack(self, member: Member, now_us: int) -> None:
        pack(member, now_us)

    async def outdated(self, persons: int) -> Sequence[Pending]:
        return await self._history.outdated(persons)

    async def mark_renewed(self, person_ids: Sequence[str]) -> None:
        await self._history.mark_renewed(person_ids)

    async def save(self, changes: Changes) -> None:
        publications = await self._save_persons(changes)
        if changes.events:
            await self._open_keys(
                {each.person_id for each in changes.events if each.arrival.private}
            )
            rows = [event_row(each, changes.now_us, self._keyring) for each in changes.events]
            if len(rows) < _COPIED_FROM:
                await self._tx.execute(QUERIES.insert_events, *zip(*rows, strict=True))
            else:
                await self._tx.copy_rows("events", EVENT_COLUMNS, rows)
            publications += event_notices(changes.events, changes.now_us)
        if changes.parked or changes.unparked:
            await park(self._tx, changes)
        if publications:
            await append(self._tx, publications)
        await self._note(changes)

    async def save_history(self, changes: Changes, import_id: str) -> None:
        publications = await self._save_persons(changes)
        await self._open_keys({each.person_id for each in changes.events if each.arrival.private})
        await self._history.write(changes, import_id)
        if publications:
            await append(self._tx, publications)
        await self._note(changes)

    async def _save_persons(self, changes: Changes) -> list[Publication]:
        """Write persons, sets and identities; returns the notices about identities."""
        if not self._writes_positions and (changes.identities or changes.moved or changes.shared):
            await self._tx.execute(QUERIES.enter_writers)
            self._writes_positions = True
        return await save_persons(self._tx, self._keyring, changes)

    async def _note(self, changes: Changes) -> None:
        """Write the audit trail, last of all: everybody who writes it waits for this commit."""
        if changes.notes:
            await append_notes(self._tx, self._sealer, changes.notes, changes.now_us)

    async def _open_keys(self, person_ids: set[str]) -> None:
        await open_keys(self._tx, self._keyring, person_ids)
