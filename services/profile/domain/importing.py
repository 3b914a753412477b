"""The end of an import: the states of its persons are folded, some persons at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from services.profile.domain.fold import fold
from services.profile.domain.ports import Changes, Pending, ProfileTransaction, Transactions
from services.profile.domain.recording import with_retries
from services.profile.domain.state import prune

MAX_EVENTS = 4_000
"""Folded in one transaction: a tenth of a second, short also when others want the processor."""
_SLICE = 250
"""Folded before requests get their turn: so many take about 5 ms."""
WORKERS = 2
"""While one folds, PostgreSQL reads for the other."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What was folded."""

    persons: int = 0
    events: int = 0


async def fold_history(store: Transactions, import_id: str, now_us: int) -> Folded:
    """Fold all imported events that the states do not hold yet.

    Whatever was committed stays: after a failure, repeating it goes on where it stopped.
    """
    shares = [(part, WORKERS) for part in range(WORKERS)]
    parts = await asyncio.gather(
        *(_fold_share(store, import_id, now_us, share) for share in shares)
    )
    return Folded(sum(part.persons for part in parts), sum(part.events for part in parts))


async def _fold_share(
    store: Transactions, import_id: str, now_us: int, share: tuple[int, int]
) -> Folded:
    async def attempt(transaction: ProfileTransaction) -> Sequence[Pending]:
        pending = await transaction.pending(import_id, MAX_EVENTS, share)
        if pending:
            await _fold(transaction, pending, now_us)
        return pending

    events = 0
    persons: set[str] = set()
    while done := await with_retries(store, attempt):
        persons.update(each.member.person_id for each in done)
        events += sum(len(each.events) for each in done)
    return Folded(len(persons), events)


async def _fold(transaction: ProfileTransaction, pending: Sequence[Pending], now_us: int) -> None:
    for each in pending:
        remaining = iter(each.events)
        while some := list(islice(remaining, _SLICE)):
            fold(each.member.state, some)
            await asyncio.sleep(0)
        prune(each.member.state)
        # What is known of the person is another now: standing decisions are decided anew.
        each.member.freeing_seq += 1
    await transaction.save(Changes(now_us, members=[each.member for each in pending]))
