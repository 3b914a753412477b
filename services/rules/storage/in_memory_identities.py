"""Where pseudonyms lead, in memory: the part of the fake ledger that knows who is who."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from services.rules.domain.changes import Identified
from services.rules.storage.in_memory_contacts import waiting_person


@dataclass
class InMemoryIdentities:
    """Pseudonyms by key; version 0: profile told of nobody yet, and contacts wait for it."""

    rows: dict[bytes, Identified] = field(default_factory=dict)

    def note(self, told: Identified) -> None:
        known = self.rows.get(told.identity_key)
        if known is None or known.version < told.version:
            self.rows[told.identity_key] = told

    def persons_of(self, keys: Sequence[bytes]) -> tuple[str, ...]:
        """Return the set that the strongest known pseudonym leads to."""
        known = (self.rows.get(key) for key in keys)
        return next((each.person_ids for each in known if each and not each.ambiguous), ())

    def persons_behind(self, keys: Sequence[bytes]) -> tuple[str, ...]:
        """Return the same, making the strongest wait if none leads to anybody."""
        if persons := self.persons_of(keys):
            return persons
        if keys[0] in self.rows:
            return ()
        waiting = waiting_person(keys[0])
        self.rows[keys[0]] = Identified(keys[0], waiting, (waiting,), 0, False)
        return (waiting,)

    def all_behind(self, keys: Collection[bytes]) -> set[str]:
        """Return everybody to whom profile said that one of these leads."""
        known = [self.rows[key] for key in keys if key in self.rows]
        sets = [each.person_ids for each in known if each.version and not each.ambiguous]
        return {person for persons in sets for person in persons}

    def set_of(self, person_id: str) -> tuple[str, ...]:
        """Return the set that a person belongs to."""
        known = [each for each in self.rows.values() if each.person_id == person_id]
        latest = max(known, key=lambda each: each.version, default=None)
        return latest.person_ids if latest else (person_id,)

    def written_under(self, identity_key: bytes, person_ids: Sequence[str]) -> str:
        """Return which of a set a pseudonym belongs to, by default the oldest."""
        found = self.rows.get(identity_key)
        if found is not None and found.person_id in person_ids:
            return found.person_id
        return person_ids[0] if person_ids else ""

    def drop(self, keys: Collection[bytes], persons: Collection[str]) -> None:
        self.rows = {
            key: known
            for key, known in self.rows.items()
            if key not in keys and known.person_id not in persons
        }

    def drop_waiting(self, but_for: Collection[str]) -> None:
        """Drop those that nothing waits for any more."""
        self.rows = {
            key: known
            for key, known in self.rows.items()
            if known.version or known.person_id in but_for
        }
