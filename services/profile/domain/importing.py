"""The end of an import: the states of its persons are folded, some persons at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.profile.domain.parking import fold_into
from services.profile.domain.ports import (
    Changes,
    Parked,
    Pending,
    ProfileTransaction,
    Transactions,
)
from services.profile.domain.recording import with_retries

MAX_EVENTS = 4_000
"""Folded in one transaction: a tenth of a second, short also when others want the processor."""
WORKERS = 2
"""While one folds, PostgreSQL reads for the other."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What was folded."""

    persons: int = 0
    events: int = 0
    parked: Sequence[Parked] = ()
    """Those of the events that cannot be folded."""


async def fold_history(store: Transactions, import_id: str, now_us: int) -> Folded:
    """Fold all imported events that the states do not hold yet.

    Whatever was committed stays: after a failure, repeating it goes on where it stopped.
    """
    shares = [(part, WORKERS) for part in range(WORKERS)]
    parts = await asyncio.gather(
        *(_fold_share(store, import_id, now_us, share) for share in shares)
    )
    return Folded(
        sum(part.persons for part in parts),
        sum(part.events for part in parts),
        [each for part in parts for each in part.parked],
    )


async def _fold_share(
    store: Transactions, import_id: str, now_us: int, share: tuple[int, int]
) -> Folded:
    async def attempt(transaction: ProfileTransaction) -> tuple[Sequence[Pending], Changes]:
        pending = await transaction.pending(import_id, MAX_EVENTS, share)
        changes = Changes(now_us)
        if pending:
            await _fold(transaction, pending, changes)
        return pending, changes

    events = 0
    persons: set[str] = set()
    parked: list[Parked] = []
    while True:
        done, changes = await with_retries(store, attempt)
        if not done:
            return Folded(len(persons), events, parked)
        persons.update(each.member.person_id for each in done)
        events += sum(len(each.events) for each in done)
        parked += changes.parked


async def _fold(
    transaction: ProfileTransaction, pending: Sequence[Pending], changes: Changes
) -> None:
    for each in pending:
        member = each.member
        for place, reason in await fold_into(transaction.pack, member, each.events, changes.now_us):
            changes.parked.append(Parked(each.positions[place], member.person_id, 0, reason))
        # What is known of the person is another now: standing decisions are decided anew.
        member.freeing_seq += 1
        changes.members.append(member)
    await transaction.save(changes)
