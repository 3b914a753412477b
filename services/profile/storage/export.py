"""What profile keeps of a person, for an export: opened with their key, nothing left out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.keyring import Keyring
from services.profile.storage.person_rows import NAME, VALUE
from services.profile.storage.rows import PRIVATE
from shared.person_export import Kept, Rows, kept_rows, plain_message, slices
from shared.postgres import Database, Queries
from touchpoint.profile.v1.state_pb2 import ProfileState

_SQL = Queries.beside(__file__, "export.sql")
Row = Mapping[str, Any]


class PersonExport:
    """Reads the tables of profile that hold something about persons."""

    def __init__(self, database: Database, keyring: Keyring, trail: AuditTrail) -> None:
        self._database = database
        self._keyring = keyring
        self._trail = trail

    async def tables(self, person_ids: Sequence[str]) -> AsyncIterator[Rows]:
        """Yield everything of persons, the trail of who read it last."""
        persons = list(person_ids)
        keys = {
            row["person_id"]: row["key_wrapped"]
            for row in await self._database.fetch(_SQL.person_keys, persons)
        }
        opener = _Opener(self._keyring, keys)
        kept = (
            Kept("persons", _SQL.persons, opener.reading(name=NAME)),
            Kept("profiles", _SQL.profiles, _with_state),
            Kept("identities", _SQL.identities, opener.reading(value=VALUE)),
            Kept("shared_identities", _SQL.shared_identities),
            Kept("links", _SQL.links),
            Kept("relationships", _SQL.relationships),
            Kept("memberships", _SQL.memberships),
            Kept("webhook_told", _SQL.webhook_told),
            Kept("webhook_departures", _SQL.webhook_departures),
            Kept("referrals", _SQL.referrals),
            Kept("referral_tallies", _SQL.referral_tallies),
            Kept("pending_folds", _SQL.pending_folds),
            Kept("parked_events", _SQL.parked_events),
        )
        async for rows in kept_rows(self._database, kept, persons):
            yield rows
        async for rows in self._events(persons, opener):
            yield rows
        async for rows in self._audit(persons):
            yield rows

    async def _events(self, persons: list[str], opener: _Opener) -> AsyncIterator[Rows]:
        position = 0
        while found := await self._database.fetch(_SQL.events, persons, position):
            position = found[-1]["position"]
            for rows in slices(map(opener.event, found)):
                yield "events", rows

    async def _audit(self, persons: list[str]) -> AsyncIterator[Rows]:
        named = {self._trail.sealer.pseudonym(person_id): person_id for person_id in persons}
        async for entries in self._trail.entries(0, list(named)):
            told = (
                {
                    "position": entry.position,
                    "person_id": named[entry.pseudonym],
                    "time_us": entry.time_us,
                    "caller": entry.caller,
                    "rpc": entry.rpc,
                    "action": entry.action,
                }
                for entry in entries
            )
            for rows in slices(told):
                yield "audit", rows


class _Opener:
    """Opens what lies encrypted under the keys of the exported."""

    def __init__(self, keyring: Keyring, keys: Mapping[str, bytes]) -> None:
        self._keyring = keyring
        self._keys = keys

    def reading(self, **purposes: str) -> Any:
        """Return what reads a row with encrypted columns: `value` lies in `value_encrypted`."""

        def read(row: Row) -> Row:
            found = dict(row)
            for name, purpose in purposes.items():
                sealed = found.pop(f"{name}_encrypted")
                found[name] = self._opened(found["person_id"], sealed, purpose)
            return found

        return read

    def event(self, row: Row) -> Row:
        found = dict(row)
        private = self._opened(found["person_id"], found["private"], PRIVATE)
        details = found["details"]
        found["private"] = json.loads(private) if private else {}
        found["details"] = json.loads(details) if details else {}
        return found

    def _opened(self, person_id: str, sealed: bytes | None, purpose: str) -> str:
        wrapped = self._keys.get(person_id)
        if sealed is None or wrapped is None:
            return ""
        self._keyring.open(person_id, wrapped)
        return self._keyring.decrypt(person_id, sealed, purpose)


def _with_state(row: Row) -> Row:
    return {**row, "state": plain_message(ProfileState.FromString(row["state"]))}
