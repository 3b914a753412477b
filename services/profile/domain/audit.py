"""Who read or changed whose record: a chain of sealed entries in which every tampering shows."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

NO_SEAL = b""
"""Before the first entry."""


class Action(StrEnum):
    """What was done with a record."""

    READ = "read"
    EXPORTED = "exported"
    LINKED = "linked"
    UNLINKED = "unlinked"
    ERASED = "erased"
    CONSENT_CHANGED = "consent_changed"


class By(NamedTuple):
    """Who did it, and through which rpc."""

    caller: str
    rpc: str


NOBODY = By("", "")


class Note(NamedTuple):
    """Something done with the record of one person."""

    by: By
    action: Action
    person_id: str


class Entry(NamedTuple):
    """A note as it is kept, under a pseudonym that an erasure leaves behind."""

    position: int
    time_us: int
    caller: str
    rpc: str
    action: str
    pseudonym: bytes
    previous: bytes
    """The seal of the entry before it."""
    seal: bytes


class Head(NamedTuple):
    """The last entry there is, so that none can be cut off behind it."""

    position: int
    seal: bytes
    mark: bytes
    """What only the holder of the key can write under these two."""


START = Head(0, NO_SEAL, b"")


class Sealer:
    """Makes what nobody can forge who has not the deployment's key, which lies in no database."""

    def __init__(self, deployment_key: bytes) -> None:
        self._names = hmac.digest(deployment_key, b"audit pseudonym", "sha256")
        self._seals = hmac.digest(deployment_key, b"audit seal", "sha256")

    def pseudonym(self, person_id: str) -> bytes:
        return hmac.digest(self._names, person_id.encode(), "sha256")

    def chained(self, notes: Iterable[Note], head: Head, now_us: int) -> tuple[list[Entry], Head]:
        """Return the entries of notes that follow the last one, and the new last one."""
        entries: list[Entry] = []
        position, previous = head.position, head.seal
        for (caller, rpc), action, person_id in notes:
            position += 1
            pseudonym = self.pseudonym(person_id)
            made = Entry(position, now_us, caller, rpc, action.value, pseudonym, previous, NO_SEAL)
            previous = self.seal_of(made)
            entries.append(made._replace(seal=previous))
        return entries, Head(position, previous, self._mark(position, previous))

    def seal_of(self, entry: Entry) -> bytes:
        """Return the seal over an entry and the one before it; its number follows from these."""
        facts = (*entry[1:5], entry.pseudonym.hex(), entry.previous.hex())
        return hmac.digest(self._seals, json.dumps(facts).encode(), "sha256")

    def knows(self, head: Head) -> bool:
        """Say whether the head was written by a holder of the key."""
        if head.position == 0:
            return head == START
        return hmac.compare_digest(head.mark, self._mark(head.position, head.seal))

    def _mark(self, position: int, seal: bytes) -> bytes:
        return hmac.digest(self._seals, b"head\0%d\0" % position + seal, "sha256")


class Damage(StrEnum):
    """What was done to the trail."""

    ALTERED = "altered"
    """The entry says something else than when it was written."""
    INSERTED = "inserted"
    """The entry was not written by us."""
    DELETED = "deleted"
    """The entry that belongs there is gone."""


class Break(NamedTuple):
    """The first place where the trail is not as it was written."""

    position: int
    damage: Damage


@dataclass(slots=True)
class Verification:
    """Walks the trail from its first entry on, up to the first break."""

    sealer: Sealer
    found: Break | None = None
    _last: tuple[int, bytes] = (0, NO_SEAL)
    """Position and seal of the last entry that is as it was."""
    _suspect: Entry | None = None
    """One whose seal is wrong: what follows it tells how."""

    @property
    def position(self) -> int:
        """Up to here everything is as it was written."""
        return self._last[0]

    def look(self, entries: Sequence[Entry]) -> None:
        """Look at the entries that follow those seen before."""
        for entry in entries:
            if self.found is not None:
                return
            self._look_at(entry)

    def end(self, head: Head) -> None:
        """Look at the head, once all entries were seen."""
        position, seal = self._last
        if self.found is not None:
            return
        if self._suspect is not None:
            stood = self.sealer.knows(head) and head.position > position
            damage = Damage.ALTERED if stood else Damage.INSERTED
            self.found = Break(self._suspect.position, damage)
        elif not self.sealer.knows(head):
            self.found = Break(position, Damage.ALTERED)
        elif head.position > position:
            self.found = Break(position + 1, Damage.DELETED)
        elif head.position < position or head.seal != seal:
            self.found = Break(position, Damage.INSERTED)

    def _look_at(self, entry: Entry) -> None:
        position, seal = self._last
        genuine = hmac.compare_digest(entry.seal, self.sealer.seal_of(entry))
        if self._suspect is not None:
            # A forged entry leaves the next one following the one before it.
            follows = genuine and entry.previous == seal
            damage = Damage.INSERTED if follows else Damage.ALTERED
            self.found = Break(self._suspect.position, damage)
        elif entry.position <= position:
            self.found = Break(entry.position, Damage.INSERTED)
        elif entry.position > position + 1:
            self.found = Break(position + 1, Damage.DELETED)
        elif not genuine:
            self._suspect = entry
        elif entry.previous != seal:
            self.found = Break(entry.position, Damage.DELETED)
        else:
            self._last = (entry.position, entry.seal)
