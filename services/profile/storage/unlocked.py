"""What is recorded without locks; see `EventStore`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from services.profile.domain.identity import Known
from services.profile.domain.ports import Changes, Glance, Member, RaceLost
from services.profile.storage import QUERIES
from services.profile.storage.keyring import Keyring
from services.profile.storage.notices import event_notices
from services.profile.storage.rows import event_row, member_of, profile_columns
from shared.bus.outbox import columns
from shared.postgres import Database


class Fetching(Protocol):
    """A database, or a transaction on it."""

    async def fetch(self, query: str, *args: object) -> Any: ...


async def glance(database: Database, keys: Collection[bytes]) -> Glance:
    rows: Sequence[Any] = await database.fetch(QUERIES.glance, list(keys))
    known: dict[bytes, Known] = {}
    members: list[Member] = []
    stamps: dict[str, object] = {}
    for key, person_id, group_id, version, shared, verified, erased_us, stamp, *counters in rows:
        if key is not None:
            known[key] = Known(person_id, group_id, version, shared, verified, erased_us)
        else:
            members.append(member_of((person_id, group_id, version, *counters)))
            stamps[person_id] = stamp
    members.sort(key=lambda member: member.person_id)
    return Glance(known, members, stamps)


async def save_unchanged(
    database: Database,
    keyring: Keyring,
    seen: Glance,
    claims: Sequence[tuple[bytes, bytes]],
    changes: Changes,
) -> None:
    private = {each.person_id for each in changes.events if each.arrival.private}
    await open_keys(database, keyring, private)
    await database.execute(
        QUERIES.save_unchanged,
        list(seen.stamps),
        list(seen.stamps.values()),
        *map(list, zip(*claims, strict=True)),
        changes.now_us,
        *await profile_columns(changes.members, changes.now_us),
        *columns(event_notices(changes.events, changes.now_us)),
        *zip(*(event_row(each, changes.now_us, keyring) for each in changes.events), strict=True),
    )
    database.outbox_written.set()


async def open_keys(source: Fetching, keyring: Keyring, person_ids: Collection[str]) -> None:
    """Open the keys of persons that are not open yet.

    Raises RaceLost when one of them was erased since they were read: they have no key any more.
    """
    closed = [person_id for person_id in person_ids if not keyring.is_open(person_id)]
    if not closed:
        return
    found = await source.fetch(QUERIES.person_keys, closed)
    if len(found) < len(closed):
        raise RaceLost("a person was erased since they were read")
    for person_id, wrapped in found:
        keyring.open(person_id, wrapped)
