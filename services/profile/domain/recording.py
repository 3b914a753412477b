"""Recording events: once each, under the right person, in one transaction per batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from services.profile.domain.applying import Outcome, apply_live, consent_changed
from services.profile.domain.consent import CONSENT_TYPES
from services.profile.domain.erased import erasures_of
from services.profile.domain.linking import Sets
from services.profile.domain.making import maker
from services.profile.domain.parting import part_all
from services.profile.domain.placing import NewId, Plan, Rejection, place
from services.profile.domain.ports import (
    Arrival,
    Changes,
    EventStore,
    Member,
    ProfileTransaction,
    RaceLost,
    Recorded,
    Transactions,
)
from services.profile.domain.unlocked import keys_of, record_at_a_glance
from shared.errors import DATABASE_SLOW, Aborted, Unavailable

TRIES = 8
FEWEST_AT_ONCE = 250
"""Events of a slice that is not halved any more: less would not be quicker."""
_RECORDED = maker(Recorded)
T = TypeVar("T")


async def record(
    store: EventStore, arrivals: Sequence[Arrival], *, may_link: bool, now_us: int, new_id: NewId
) -> Outcome:
    """Record events as they happen; a refused one does not refuse the others."""
    try:
        seen = await record_at_a_glance(
            store, arrivals, may_link=may_link, now_us=now_us, new_id=new_id
        )
    except Aborted:
        seen = None
    if seen is not None:
        return seen

    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        fresh = await claimed(transaction, arrivals, outcome, now_us)
        if fresh:
            keys = keys_of(fresh)
            known = await transaction.resolve(keys)
            erased = await erasures_of(transaction, keys, known)
            plan = place(fresh, known, may_link=may_link, new_id=new_id, erased=erased)
            await _release_rejected(transaction, plan, outcome)
            groups = {found.group_id for found in plan.used.values()}
            sets = await locked_sets(transaction, plan, groups, plan.joins(), now_us)
            await apply_live(transaction.pack, plan, sets, outcome, new_id)
            await part_all(transaction, plan, sets, new_id)
            await transaction.save(sets.changes)
        return outcome

    return await with_retries(store, attempt)


async def import_history(
    store: Transactions, arrivals: Sequence[Arrival], *, import_id: str, now_us: int, new_id: NewId
) -> Outcome:
    """Write a slice of history; the states of its persons are folded when the import ends.

    What the database cannot write in time is written in halves: a disk that is busy for a while
    must not end an import of hours.
    """
    try:
        return await _import_at_once(
            store, arrivals, import_id=import_id, now_us=now_us, new_id=new_id
        )
    except Unavailable as error:
        if error.reason != DATABASE_SLOW or len(arrivals) <= FEWEST_AT_ONCE:
            raise
    middle, outcome = len(arrivals) // 2, Outcome()
    for half in (arrivals[:middle], arrivals[middle:]):
        outcome.add(
            await import_history(store, half, import_id=import_id, now_us=now_us, new_id=new_id)
        )
    return outcome


async def _import_at_once(
    store: Transactions, arrivals: Sequence[Arrival], *, import_id: str, now_us: int, new_id: NewId
) -> Outcome:
    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        fresh = await claimed(transaction, arrivals, outcome, now_us)
        if fresh:
            keys = keys_of(fresh)
            known = await transaction.resolve(keys, hold=True)
            erased = await erasures_of(transaction, keys, known)
            plan = place(fresh, known, may_link=True, new_id=new_id, erased=erased)
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


async def claimed(
    transaction: ProfileTransaction, arrivals: Sequence[Arrival], outcome: Outcome, now_us: int
) -> list[Arrival]:
    """Return the events that are new; the same one twice in a batch counts once."""
    first: dict[bytes, Arrival] = {}
    repeated = [a for a in arrivals if first.setdefault(a.key, a) is not a]
    claim = await transaction.claim([(a.key, a.digest) for a in first.values()], now_us)
    fresh = [arrival for arrival in first.values() if arrival.key in claim.fresh]
    known = [arrival for arrival in first.values() if arrival.key not in claim.fresh]
    for arrival in known:
        if arrival.key not in claim.standing:
            raise RaceLost("the claim was forgotten, being 35 days old, while it was looked at")
        _count_again(arrival, claim.standing[arrival.key], outcome)
    for arrival in repeated:
        _count_again(arrival, first[arrival.key].digest, outcome)
    return fresh


def _count_again(arrival: Arrival, standing: bytes, outcome: Outcome) -> None:
    if arrival.digest == standing:
        outcome.repeated.append(arrival.place)
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


def _write_history(plan: Plan, sets: Sets, outcome: Outcome, new_id: NewId) -> None:
    for arrival, _, joins in plan.placed:
        for join in joins:
            sets.join(join, new_id(), arrival.event_id)
    sets.changes.keep(())
    sets.changes.notes = [
        consent_changed(arrival, person_id, "ImportEvents")
        for arrival, person_id, _ in plan.placed
        if arrival.event.type in CONSENT_TYPES
    ]
    sets.changes.events = [
        _RECORDED((arrival, person_id, 0, 0)) for arrival, person_id, _ in plan.placed
    ]
    outcome.accepted += len(plan.placed)
