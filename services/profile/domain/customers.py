"""Writing customers of a file: their identities are proved by it, their attributes said by it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from services.profile.domain.applying import Touched
from services.profile.domain.erased import (
    CUSTOMER_TEXT,
    ERASED,
    ErasedSince,
    erasures_of,
)
from services.profile.domain.identity import CUSTOMER, Identity
from services.profile.domain.linking import Sets
from services.profile.domain.placing import Join, NewId, Plan, Rejection
from services.profile.domain.ports import (
    NewIdentity,
    ProfileTransaction,
    SharedIdentity,
    Transactions,
)
from services.profile.domain.recording import locked_sets, with_retries
from services.profile.domain.relationships import OPEN, Relationship, beginning
from services.profile.domain.state import State, describe, prune

IMPORTED = "imported"
AMBIGUOUS, UNKNOWN = "AMBIGUOUS_PERSON", "PERSON_NOT_FOUND"
_FITS_SEVERAL = "this fits several people; give the customer id of the one it is about"
_NOBODY = "nobody is known by this; give a customer id to make them a customer"
NOBODY: Mapping[str, str] = MappingProxyType({})
_AT_ONCE = 100
"""Rows handled before other requests get their turn: a few milliseconds of each step."""


class Customer(NamedTuple):
    """One row of a file."""

    place: int
    identities: tuple[Identity, ...]
    """The customer id first; without one, the strongest first, and the row makes nobody."""
    attributes: Mapping[str, str]
    name: str
    """Personal; empty: not said."""
    owners: Mapping[str, str] = NOBODY
    """Role to who looks after them."""


@dataclass(slots=True)
class Written:
    """What became of a slice."""

    created: int = 0
    updated: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    touched: list[Touched] = field(default_factory=list)


@dataclass(slots=True)
class _Slice:
    """What is decided before anything is locked."""

    plan: Plan
    persons: dict[int, str] = field(default_factory=dict)
    """Place of the row to its person."""
    joins: list[Join] = field(default_factory=list)
    shared: list[SharedIdentity] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)
    """Name of a set, as it was read, to the customer in it."""
    erased: ErasedSince = field(default_factory=dict)


async def write_customers(
    store: Transactions, rows: Sequence[Customer], *, now_us: int, new_id: NewId
) -> Written:
    """Write customers; one already known is updated, so that a file may be imported again.

    An identity that two customers have (the phone of a family) is shared: it leads to neither by
    itself. One that so far led to nobody's customer id is linked to this customer.
    """

    async def attempt(transaction: ProfileTransaction) -> Written:
        keys = {identity.key for row in rows for identity in row.identities}
        known = await transaction.resolve(keys, hold=True)
        sets_read = sorted({found.group_id for found in known.values()})
        customers = dict(await transaction.customers_of(sets_read))
        erased = await erasures_of(transaction, keys, known)
        part = _Slice(Plan(known), customers=customers, erased=erased)
        written = Written()
        for count, row in enumerate(rows, start=1):
            _place(part, row, written, new_id)
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
        groups = {found.group_id for found in part.plan.used.values()}
        sets = await locked_sets(transaction, part.plan, groups, len(part.joins), now_us)
        await _write(part, rows, sets, now_us, new_id)
        await _name_owners(transaction, part, rows, sets)
        await transaction.save(sets.changes)
        written.touched.extend(_touched(sets, set(part.persons.values())))
        return written

    return await with_retries(store, attempt)


def _place(part: _Slice, row: Customer, written: Written, new_id: NewId) -> None:
    first, *others = row.identities
    if first.kind != CUSTOMER:
        _find(part, row, written)
        return
    plan = part.plan
    if plan.is_shared(first.key):
        text = f"this {first.kind} fits several people"
        written.rejected.append(Rejection(row.place, "AMBIGUOUS_PERSON", text))
        return
    person_id = plan.person_of(first.key)
    if person_id is None and _names_the_erased(part, row):
        written.rejected.append(Rejection(row.place, ERASED, CUSTOMER_TEXT))
        return
    if person_id is None:
        person_id = plan.add_person(new_id(), [first], proved=True)
        written.created += 1
    else:
        plan.verified.append(first.key)
        written.updated += 1
    part.customers.setdefault(_set_of(plan, person_id), person_id)
    part.persons[row.place] = person_id
    for identity in others:
        _add_identity(part, person_id, identity)


def _names_the_erased(part: _Slice, row: Customer) -> bool:
    """Say whether an identity of a row led to somebody who was erased, and to nobody since."""
    known = part.plan.known
    return any(each.key in part.erased and each.key not in known for each in row.identities)


def _find(part: _Slice, row: Customer, written: Written) -> None:
    """Add to somebody who is known by the strongest identity that leads to one person."""
    plan = part.plan
    known = [each for each in row.identities if plan.person_of(each.key) is not None]
    alone = next((each for each in known if not plan.is_shared(each.key)), None)
    if alone is None:
        code, text = (AMBIGUOUS, _FITS_SEVERAL) if known else (UNKNOWN, _NOBODY)
        written.rejected.append(Rejection(row.place, code, text))
        return
    part.persons[row.place] = plan.person_of(alone.key) or ""
    written.updated += 1


def _add_identity(part: _Slice, person_id: str, identity: Identity) -> None:
    plan = part.plan
    other = plan.person_of(identity.key)
    if other is None:
        plan.add_identity(NewIdentity(identity, person_id, True))
    elif plan.is_shared(identity.key):
        part.shared.append(SharedIdentity(identity.key, (person_id,)))
    else:
        own, theirs = _set_of(plan, person_id), _set_of(plan, other)
        customer = part.customers.setdefault(theirs, part.customers[own])
        if customer != part.customers[own]:
            part.shared.append(SharedIdentity(identity.key, (customer, person_id)))
            return
        plan.verified.append(identity.key)
        if theirs != own:
            part.joins.append(Join(person_id, other, identity.key))


def _set_of(plan: Plan, person_id: str) -> str:
    """Return the name of a person's set as it was read; a new person is a set of their own."""
    known = plan.used.get(person_id)
    return known.group_id if known else person_id


async def _write(
    part: _Slice, rows: Sequence[Customer], sets: Sets, now_us: int, new_id: NewId
) -> None:
    changes = sets.changes
    changes.shared.extend(part.shared)
    for join in part.joins:
        sets.join(join, new_id(), "")
    changed = {}
    for count, row in enumerate(rows, start=1):
        if count % _AT_ONCE == 0:
            await asyncio.sleep(0)
        person_id = part.persons.get(row.place)
        if person_id is None:
            continue
        member = sets.member(person_id)
        before = _values(member.state)
        describe(member.state, row.attributes, now_us)
        prune(member.state)
        member.freeing_seq += _values(member.state) != before
        changed[person_id] = member
        if row.name:
            changes.names[person_id] = row.name
    changes.keep(changed.values())


def _values(state: State) -> dict[str, str]:
    """Return what attributes say, whenever it was said."""
    return {name: value for name, (_, value) in state.attributes.items() if value}


async def _name_owners(
    transaction: ProfileTransaction, part: _Slice, rows: Sequence[Customer], sets: Sets
) -> None:
    """Note who looks after customers from now on, where somebody else did, or nobody."""
    named = [row for row in rows if row.owners and row.place in part.persons]
    if not named:
        return
    changes = sets.changes
    persons = {row.place: part.persons[row.place] for row in named}
    members = {
        member.person_id: member.group_id
        for person_id in set(persons.values())
        for member in sets.set_of(person_id)
    }
    said: defaultdict[str, list[Relationship]] = defaultdict(list)
    for each in await transaction.relationships(sorted(members)):
        said[members[each.person_id]].append(each)
    now_us = changes.now_us
    for row in named:
        person_id = persons[row.place]
        known = said[members[person_id]]
        for role, owner_id in row.owners.items():
            wanted = Relationship(person_id, role, owner_id, now_us, OPEN, now_us)
            begun = beginning(known, wanted, says_when=False)
            changes.relationships.extend(begun)
            known.extend(begun)


def _touched(sets: Sets, person_ids: set[str]) -> list[Touched]:
    groups = {tuple(m.person_id for m in sets.set_of(person)): person for person in person_ids}
    return [
        Touched(ids, sum(member.seq for member in sets.set_of(person)), IMPORTED)
        for ids, person in groups.items()
    ]
