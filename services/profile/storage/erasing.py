"""Erasing persons: who they are at once, what they did some rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.profile.domain.audit import NOBODY, Action, By, Note, Sealer
from services.profile.domain.ports import RaceLost
from services.profile.storage import QUERIES
from services.profile.storage.audit_trail import append_notes
from services.profile.storage.departures import depart_erased
from services.profile.storage.keyring import Keyring
from services.profile.storage.notices import person_erased
from services.profile.storage.referrals import SQL as REFERRALS
from shared.bus import append
from shared.bus.forgetting import forget_in_parked
from shared.errors import Aborted
from shared.postgres import Database, Transaction

_TRIES = 8
"""Each waits for a second at most: together they are within what an erasure may take."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone."""

    person_ids: tuple[str, ...] = ()
    rows: int = 0


class Erasures:
    """Deletes keys, identities and rows of whole sets."""

    def __init__(self, database: Database, keyring: Keyring, sealer: Sealer) -> None:
        self._database = database
        self._keyring = keyring
        self._sealer = sealer

    async def erase(
        self, keys: Sequence[bytes], person_ids: Sequence[str], now_us: int, by: By = NOBODY
    ) -> Erased:
        """Erase the sets that pseudonyms or persons lead to; nobody there is no error.

        With the first commit the persons are nobody and the others are told. What then remains of
        the log is deleted by `finish`, here or, if this process dies, later.
        """
        for _ in range(_TRIES - 1):
            try:
                return await self._erase(keys, person_ids, now_us, by)
            except Aborted:  # an import holds them for longer than anybody waits for a lock
                continue
        return await self._erase(keys, person_ids, now_us, by)

    async def _erase(
        self, keys: Sequence[bytes], person_ids: Sequence[str], now_us: int, by: By
    ) -> Erased:
        found: Sequence[Any] = await self._database.fetch(QUERIES.persons_of_keys, keys)
        wanted = [row[0] for row in found] + list(person_ids)
        async with self._database.transaction() as transaction:
            persons = await _locked(transaction, wanted)
            if not persons:
                return Erased()
            gone: Sequence[Any] = await transaction.fetch(QUERIES.erase_identities, persons, now_us)
            rows = await transaction.fetchval(QUERIES.erase_persons, persons, now_us)
            pseudonyms = dict(map(tuple, gone))
            await transaction.execute(REFERRALS.erase_referrals, persons, list(pseudonyms))
            await transaction.execute(REFERRALS.forget_tallies, persons)
            await depart_erased(transaction, persons, now_us)
            await append(transaction, [person_erased(persons, pseudonyms, now_us)])
            await forget_in_parked(transaction, persons)
            notes = [Note(by, Action.ERASED, person_id) for person_id in persons]
            await append_notes(transaction, self._sealer, notes, now_us)
        self._keyring.forget(persons)
        rows += len(gone) + await self.finish(persons)
        return Erased(tuple(persons), rows)

    async def finish(self, persons: Sequence[str]) -> int:
        """Delete the events of erased persons and return how many there were."""
        total = 0
        while gone := await self._database.fetchval(QUERIES.erase_events, persons):
            total += gone
        await self._database.execute(QUERIES.finish_erasure, persons)
        return total

    async def finish_left_over(self) -> None:
        """Finish erasures that a process began and did not live to finish."""
        rows: Sequence[Any] = await self._database.fetch(QUERIES.unfinished_erasures)
        if rows:
            await self.finish([row[0] for row in rows])


async def _locked(transaction: Transaction, wanted: Sequence[str]) -> list[str]:
    """Lock the whole sets of persons and return who is in them; raises `RaceLost`.

    A set that changed while its lock was waited for is another one now, and PostgreSQL leaves out
    of a statement what no longer fits it: who was wanted might not even be among those locked.
    What is locked nobody changes any more.
    """
    locked: Sequence[Any] = await transaction.fetch(QUERIES.lock_for_erasure, wanted)
    there: Sequence[Any] = await transaction.fetch(QUERIES.persons_of_sets, wanted)
    if {row[0] for row in locked} != {row[0] for row in there}:
        raise RaceLost("the set changed while it was waited for")
    return [row[0] for row in locked]
