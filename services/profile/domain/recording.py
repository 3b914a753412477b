"""Recording events: once each, under the right person, in one transaction per batch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from services.profile.domain.event import frees_standing_decision
from services.profile.domain.fold import apply
from services.profile.domain.linking import Sets
from services.profile.domain.making import maker
from services.profile.domain.placing import NewId, Plan, Rejection, place
from services.profile.domain.ports import (
    Arrival,
    Changes,
    Member,
    ProfileTransaction,
    RaceLost,
    Recorded,
    Transactions,
)
from services.profile.domain.state import prune
from shared.errors import Aborted

TRIES = 8
AT_ONCE = 100
"""Events handled before other requests get their turn: about 5 ms of each step."""
_RECORDED = maker(Recorded)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Touched:
    """A set that something happened to."""

    person_ids: tuple[str, ...]
    seq: int
    """Sum of the event numbers of the set."""
    cause: str
    """The type of the last event."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)


async def record(
    store: Transactions, arrivals: Sequence[Arrival], *, may_link: bool, now_us: int, new_id: NewId
) -> Outcome:
    """Record events as they happen; a refused one does not refuse the others."""

    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        fresh = await _claimed(transaction, arrivals, outcome, now_us)
        if fresh:
            known = await transaction.resolve(_keys(fresh))
            plan = place(fresh, known, may_link=may_link, new_id=new_id)
            await _release_rejected(transaction, plan, outcome)
            groups = {found.group_id for found in plan.used.values()}
            sets = await locked_sets(transaction, plan, groups, plan.joins(), now_us)
            await _apply_live(plan, sets, outcome, new_id)
            await transaction.save(sets.changes)
        return outcome

    return await with_retries(store, attempt)


async def import_history(
    store: Transactions, arrivals: Sequence[Arrival], *, import_id: str, now_us: int, new_id: NewId
) -> Outcome:
    """Write a slice of history; the states of its persons are folded when the import ends."""

    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        fresh = await _claimed(transaction, arrivals, outcome, now_us)
        if fresh:
            known = await transaction.resolve(_keys(fresh), hold=True)
            plan = place(fresh, known, may_link=True, new_id=new_id)
            await _release_rejected(transaction, plan, outcome)
            persons = plan.joined_persons()
            groups = {plan.used[person].group_id for person in persons if person in plan.used}
            sets = await locked_sets(transaction, plan, groups, plan.joins(), now_us)
            _write_history(plan, sets, outcome, new_id)
            await transaction.save_history(sets.changes, import_id)
        return outcome

    return await with_retries(store, attempt)


async def with_retries(
    store: Transactions, attempt: Callable[[ProfileTransaction], Awaitable[T]]
) -> T:
    """Run an attempt in a transaction of its own, and again when a race was lost."""
    for _ in range(TRIES - 1):
        try:
            async with store.transaction() as transaction:
                return await attempt(transaction)
        except Aborted:
            continue
    async with store.transaction() as transaction:
        return await attempt(transaction)


async def locked_sets(
    transaction: ProfileTransaction, plan: Plan, group_ids: Iterable[str], joins: int, now_us: int
) -> Sets:
    """Lock sets that were read before; raises `RaceLost` when one of them has changed since."""
    wanted = set(group_ids)
    members = await transaction.lock(wanted) if wanted else []
    by_person = {member.person_id: member for member in members}
    for person_id, found in plan.used.items():
        if found.group_id in wanted:
            _check_unchanged(found.version, by_person.get(person_id))
    versions = await transaction.next_versions(joins) if joins else ()
    changes = Changes(now_us, identities=plan.new_identities, verified=plan.verified)
    return Sets(changes, members, plan.new_persons, iter(versions))


def _check_unchanged(version: int, member: Member | None) -> None:
    if member is None or member.version != version:
        raise RaceLost("the set changed while it was waited for")


async def _claimed(
    transaction: ProfileTransaction, arrivals: Sequence[Arrival], outcome: Outcome, now_us: int
) -> list[Arrival]:
    """Return the events that are new; the same one twice in a batch counts once."""
    first: dict[bytes, Arrival] = {}
    repeated = [a for a in arrivals if first.setdefault(a.key, a) is not a]
    claimed = await transaction.claim([(a.key, a.digest) for a in first.values()], now_us)
    fresh = [arrival for arrival in first.values() if arrival.key in claimed.fresh]
    known = [arrival for arrival in first.values() if arrival.key not in claimed.fresh]
    for arrival in known:
        _count_again(arrival, claimed.standing.get(arrival.key, b""), outcome)
    for arrival in repeated:
        _count_again(arrival, first[arrival.key].digest, outcome)
    return fresh


def _count_again(arrival: Arrival, standing: bytes, outcome: Outcome) -> None:
    if arrival.digest == standing:
        outcome.duplicates += 1
    else:
        outcome.rejected.append(
            Rejection(
                arrival.place,
                "CONTENT_DIFFERS",
                "an event with this id was recorded with other content; the first one stands",
            )
        )


async def _release_rejected(transaction: ProfileTransaction, plan: Plan, outcome: Outcome) -> None:
    outcome.rejected.extend(plan.rejected)
    if plan.rejected:
        await transaction.release([rejection.key for rejection in plan.rejected])


def _keys(arrivals: Sequence[Arrival]) -> set[bytes]:
    return {identity.key for arrival in arrivals for identity in arrival.identities}


async def _apply_live(plan: Plan, sets: Sets, outcome: Outcome, new_id: NewId) -> None:
    """Give each event its number and its effect, in the order of the request."""
    causes: dict[str, str] = {}
    changed: dict[str, Member] = {}
    for count, (arrival, person_id, joins) in enumerate(plan.placed, start=1):
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
        for join in joins:
            sets.join(join, new_id(), arrival.event_id)
        member = sets.member(person_id)
        kind = arrival.event.type
        apply(member.state, arrival.event)
        member.seq += 1
        member.freeing_seq += frees_standing_decision(kind, arrival.event.reassurance)
        sets.changes.events.append(Recorded(arrival, person_id, member.seq, sets.token(member)))
        changed[person_id] = member
        causes[member.group_id] = kind
    for member in changed.values():
        prune(member.state)
    sets.changes.keep(changed.values())
    outcome.accepted += len(plan.placed)
    outcome.touched.extend(_touched(sets, changed, causes))


def _touched(sets: Sets, changed: dict[str, Member], causes: dict[str, str]) -> Iterable[Touched]:
    groups = {member.group_id: person_id for person_id, member in changed.items()}
    for group_id, person_id in groups.items():
        members = sets.set_of(person_id)
        yield Touched(
            tuple(member.person_id for member in members),
            sum(member.seq for member in members),
            causes.get(group_id, "login"),
        )


def _write_history(plan: Plan, sets: Sets, outcome: Outcome, new_id: NewId) -> None:
    for arrival, _, joins in plan.placed:
        for join in joins:
            sets.join(join, new_id(), arrival.event_id)
    sets.changes.keep(())
    sets.changes.events = [
        _RECORDED((arrival, person_id, 0, 0)) for arrival, person_id, _ in plan.placed
    ]
    outcome.accepted += len(plan.placed)
