"""Recording events: once each, under the right person, in one transaction per batch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from services.profile.domain.audit import Action, By, Note
from services.profile.domain.consent import CONSENT_TYPES
from services.profile.domain.erased import erasures_of
from services.profile.domain.event import frees_standing_decision
from services.profile.domain.linking import Sets
from services.profile.domain.making import maker
from services.profile.domain.parking import fold_into
from services.profile.domain.placing import NewId, Plan, Rejection, place
from services.profile.domain.ports import (
    Arrival,
    Changes,
    Member,
    Parked,
    ProfileTransaction,
    RaceLost,
    Recorded,
    Transactions,
)
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
    parked: list[Parked] = field(default_factory=list)
    """Those of the accepted that count only once they can be folded."""


async def record(
    store: Transactions, arrivals: Sequence[Arrival], *, may_link: bool, now_us: int, new_id: NewId
) -> Outcome:
    """Record events as they happen; a refused one does not refuse the others."""

    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        fresh = await claimed(transaction, arrivals, outcome, now_us)
        if fresh:
            keys = _keys(fresh)
            known = await transaction.resolve(keys)
            erased = await erasures_of(transaction, keys, known)
            plan = place(fresh, known, may_link=may_link, new_id=new_id, erased=erased)
            await _release_rejected(transaction, plan, outcome)
            groups = {found.group_id for found in plan.used.values()}
            sets = await locked_sets(transaction, plan, groups, plan.joins(), now_us)
            await _apply_live(transaction, plan, sets, outcome, new_id)
            await transaction.save(sets.changes)
        return outcome

    return await with_retries(store, attempt)


async def import_history(
    store: Transactions, arrivals: Sequence[Arrival], *, import_id: str, now_us: int, new_id: NewId
) -> Outcome:
    """Write a slice of history; the states of its persons are folded when the import ends."""

    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        fresh = await claimed(transaction, arrivals, outcome, now_us)
        if fresh:
            keys = _keys(fresh)
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
    keys = {identity.key for arrival in arrivals for identity in arrival.identities}
    keys.update([arrival.referred for arrival in arrivals if arrival.referred])
    return keys


async def _apply_live(
    transaction: ProfileTransaction, plan: Plan, sets: Sets, outcome: Outcome, new_id: NewId
) -> None:
    """Give each event its number and its effect, in the order of the request."""
    causes: dict[str, str] = {}
    by_person: dict[str, list[Recorded]] = {}
    for count, (arrival, person_id, joins) in enumerate(plan.placed, start=1):
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
        for join in joins:
            sets.join(join, new_id(), arrival.event_id)
        member = sets.member(person_id)
        event = arrival.event
        member.seq += 1
        member.freeing_seq += frees_standing_decision(event.type, event.reassurance)
        recorded = _RECORDED((arrival, person_id, member.seq, sets.token(member)))
        sets.changes.events.append(recorded)
        if event.type in CONSENT_TYPES:
            sets.changes.notes.append(_consent_changed(arrival, person_id, "RecordEvents"))
        by_person.setdefault(person_id, []).append(recorded)
        causes[member.group_id] = event.type
    changed = {person_id: sets.member(person_id) for person_id in by_person}
    await _fold_live(transaction, sets, by_person)
    sets.changes.keep(changed.values())
    outcome.accepted += len(plan.placed)
    outcome.parked.extend(sets.changes.parked)
    outcome.touched.extend(_touched(sets, changed, causes))


async def _fold_live(
    transaction: ProfileTransaction, sets: Sets, by_person: Mapping[str, Sequence[Recorded]]
) -> None:
    """Fold what happened into the states; what cannot be folded is parked."""
    changes = sets.changes
    for count, (person_id, recorded) in enumerate(by_person.items(), start=1):
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
        events = [each.arrival.event for each in recorded]
        member = sets.member(person_id)
        for failure in await fold_into(transaction, member, events, changes.now_us):
            seq = recorded[failure.place].seq
            changes.parked.append(Parked(0, person_id, seq, failure.reason))


def _consent_changed(arrival: Arrival, person_id: str, rpc: str) -> Note:
    return Note(By(arrival.caller, rpc), Action.CONSENT_CHANGED, person_id)


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
    sets.changes.notes = [
        _consent_changed(arrival, person_id, "ImportEvents")
        for arrival, person_id, _ in plan.placed
        if arrival.event.type in CONSENT_TYPES
    ]
    sets.changes.events = [
        _RECORDED((arrival, person_id, 0, 0)) for arrival, person_id, _ in plan.placed
    ]
    outcome.accepted += len(plan.placed)
