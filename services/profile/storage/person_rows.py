"""Writes persons: who they are, which sets they make, and who the people around them are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.profile.domain.ports import Changes, RaceLost
from services.profile.storage import QUERIES
from services.profile.storage.keyring import Keyring
from services.profile.storage.notices import identity_notice
from services.profile.storage.referrals import write_referrals
from services.profile.storage.relationships import write_relationships
from services.profile.storage.rows import profile_columns, set_columns
from services.profile.storage.unlocked import open_keys
from shared.bus import Publication
from shared.postgres import Transaction

VALUE = "identity"
NAME = "name"
"""What identities and names are encrypted for."""


async def save_persons(
    transaction: Transaction, keyring: Keyring, changes: Changes
) -> list[Publication]:
    """Write persons, sets and identities; returns the notices about identities."""
    return await _Persons(transaction, keyring).save(changes)


class _Persons:
    """What a transaction changes of persons, table by table."""

    def __init__(self, transaction: Transaction, keyring: Keyring) -> None:
        self._tx = transaction
        self._keyring = keyring

    async def save(self, changes: Changes) -> list[Publication]:
        wrapped = [self._keyring.make(member.person_id) for member in changes.new_members]
        if changes.identities:
            await self._insert_identities(changes)
        if changes.new_members:
            await self._insert_persons(changes, wrapped)
        if changes.members:
            columns = await profile_columns(changes.members, changes.now_us)
            await self._tx.execute(QUERIES.update_profiles, *columns)
        if changes.moved:
            await self._tx.execute(QUERIES.move_profiles, *set_columns(changes.moved))
        if changes.verified:
            await self._tx.execute(QUERIES.verify_identities, changes.verified)
        if changes.names:
            await self._update_names(changes.names)
        if changes.shared:
            await self._share(changes)
        if changes.links:
            await self._insert_links(changes)
        await self._save_people_around(changes)
        return await self._identity_notices(changes)

    async def _save_people_around(self, changes: Changes) -> None:
        """Write who looks after whom, and who referred whom."""
        if changes.relationships:
            await write_relationships(self._tx, changes.relationships)
        referring = [each for each in changes.events if each.arrival.referred]
        if referring:
            await write_referrals(self._tx, referring)

    async def _insert_identities(self, changes: Changes) -> None:
        """Write identities, encrypted under keys that the new among their persons have by now."""
        await self._open_keys({seen.person_id for seen in changes.identities})
        columns = zip(
            *(
                (
                    seen.identity.key,
                    seen.identity.kind,
                    seen.person_id,
                    seen.verified,
                    self._keyring.encrypt(seen.person_id, seen.identity.value, VALUE),
                )
                for seen in changes.identities
            ),
            strict=True,
        )
        made = await self._tx.fetch(QUERIES.insert_identities, *columns, changes.now_us)
        if len(made) != len(changes.identities):
            raise RaceLost("another transaction saw one of the identities first")

    async def _insert_persons(self, changes: Changes, wrapped: Sequence[bytes]) -> None:
        persons = [member.person_id for member in changes.new_members]
        await self._tx.execute(QUERIES.insert_persons, persons, wrapped, changes.now_us)
        for member in changes.new_members:
            _ = member.state  # an empty state is written too, null would be no state
        profiles = await profile_columns(changes.new_members, changes.now_us)
        sets = set_columns(changes.new_members)
        await self._tx.execute(QUERIES.insert_profiles, *profiles, *sets[1:])

    async def _update_names(self, names: Mapping[str, str]) -> None:
        await self._open_keys(set(names))
        sealed = [self._keyring.encrypt(person, name, NAME) for person, name in names.items()]
        await self._tx.execute(QUERIES.update_names, list(names), sealed)

    async def _share(self, changes: Changes) -> None:
        pairs = [(s.key, person_id) for s in changes.shared for person_id in s.person_ids]
        await self._tx.execute(QUERIES.share_identities, *zip(*pairs, strict=True))

    async def _insert_links(self, changes: Changes) -> None:
        columns = zip(
            *(
                (n.link_id, n.person_id, n.other_person_id, n.event_id, n.idempotency_key)
                for n in changes.links
            ),
            strict=True,
        )
        await self._tx.execute(QUERIES.insert_links, *columns, changes.now_us)

    async def _identity_notices(self, changes: Changes) -> list[Publication]:
        """Tell where the identities lead that are new, or whose set or fit has changed."""
        if not (changes.identities or changes.moved or changes.shared):
            return []
        sets = changes.sets_by_person()
        told = {
            seen.identity.key: (seen.identity.kind, seen.person_id, False)
            for seen in changes.identities
        }
        moved = [member.person_id for member in changes.moved]
        shared = [each.key for each in changes.shared]
        if moved or shared:
            rows: Sequence[Any] = await self._tx.fetch(QUERIES.move_identities, moved, shared)
            told.update((key, (kind, person_id, fits)) for key, kind, person_id, fits in rows)
        return [
            identity_notice(kind, key, person_id, sets[person_id], shared=fits)
            for key, (kind, person_id, fits) in told.items()
        ]

    async def _open_keys(self, person_ids: set[str]) -> None:
        await open_keys(self._tx, self._keyring, person_ids)
