"""Writing what another home knows of persons: under the ids, names and times that it has there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.profile.domain.applying import Outcome
from services.profile.domain.erased import CUSTOMER_TEXT, ERASED, ErasedSince, erasures_of
from services.profile.domain.identity import Identity
from services.profile.domain.linking import Sets
from services.profile.domain.placing import Plan, Rejection
from services.profile.domain.ports import (
    Arrival,
    Changes,
    NewIdentity,
    NewLink,
    Origins,
    ProfileTransaction,
    Recorded,
    SharedIdentity,
    Transactions,
)
from services.profile.domain.recording import locked_sets, with_retries
from services.profile.domain.relationships import Relationship
from services.profile.domain.state import describe, prune

PERSON_NOT_FOUND = "PERSON_NOT_FOUND"
SET_TOO_LARGE = "SET_TOO_LARGE"
IDENTITY_TAKEN = "IDENTITY_TAKEN"
_WHY = {
    PERSON_NOT_FOUND: "there is no such person here: restore persons first; an erased one stays so",
    SET_TOO_LARGE: "the set would have too many persons",
}


class MovedIdentity(NamedTuple):
    """An identity as its home had it."""

    identity: Identity
    verified: bool
    first_seen_us: int
    fits: tuple[str, ...]
    """Persons it is shared by; empty: it leads to its person alone."""


class MovedPerson(NamedTuple):
    """A person as its home had them."""

    place: int
    person_id: str
    created_us: int
    name: str
    identities: tuple[MovedIdentity, ...]
    attributes: tuple[tuple[str, str, int], ...]
    """Name, value, and when it was said."""
    relationships: tuple[Relationship, ...] = ()
    referrals: tuple[tuple[str, int], ...] = ()
    """Whom they referred, and when that was first said."""


class MovedLink(NamedTuple):
    """A link as its home had it."""

    place: int
    link: NewLink
    linked_us: int


class MovedEvent(NamedTuple):
    """An event under the person it was written under."""

    person_id: str
    arrival: Arrival


@dataclass(slots=True)
class Moved:
    """What became of persons or links."""

    created: int = 0
    updated: int = 0
    rejected: list[Rejection] = field(default_factory=list)


async def restore_persons(
    store: Transactions, persons: Sequence[MovedPerson], *, now_us: int
) -> Moved:
    """Write persons; one who is there gets what is lacking, so that it may be repeated.

    Nothing is taken from others: a person with an identity that leads to somebody else here is
    refused as a whole.
    """

    async def attempt(transaction: ProfileTransaction) -> Moved:
        keys = {moved.identity.key for person in persons for moved in person.identities}
        known = await transaction.resolve(keys, hold=True)
        plan, erased = Plan(known), await erasures_of(transaction, keys, known)
        gone = await transaction.erased_persons([person.person_id for person in persons])
        present = await transaction.groups_of([person.person_id for person in persons])
        plan.used.update(present)
        moved, origins = Moved(), Origins()
        shared: list[SharedIdentity] = []
        alive = []
        for person in persons:
            if person.person_id in gone or _names_the_erased(person, plan, erased):
                moved.rejected.append(Rejection(person.place, ERASED, CUSTOMER_TEXT))
            else:
                alive.append(person)
        here = set(present)
        taken = [person for person in alive if _place(plan, person, here, moved, shared)]
        groups = {found.group_id for found in present.values()}
        sets = await locked_sets(transaction, plan, groups, 0, now_us)
        sets.changes.shared.extend(shared)
        for person in taken:
            _describe(sets, person)
            if person.person_id not in present:
                origins.persons[person.person_id] = person.created_us
            origins.identities.update((e.identity.key, e.first_seen_us) for e in person.identities)
        sets.changes.keep([sets.member(person.person_id) for person in taken])
        await transaction.save(sets.changes)
        await transaction.date_back(origins)
        return moved

    return await with_retries(store, attempt)


async def restore_links(store: Transactions, links: Sequence[MovedLink], *, now_us: int) -> Moved:
    """Make sets of persons who are here; a link that is known, also one undone, stays as it is."""

    async def attempt(transaction: ProfileTransaction) -> Moved:
        moved, origins = Moved(), Origins()
        by_id: dict[str, MovedLink] = {}
        for each in links:
            by_id.setdefault(each.link.link_id, each)
        known = await transaction.known_links(list(by_id))
        new = [each for link_id, each in by_id.items() if link_id not in known]
        plan = Plan({})
        plan.used.update(await transaction.groups_of(sorted(_ends(new))))
        groups = {found.group_id for found in plan.used.values()}
        sets = await locked_sets(transaction, plan, groups, len(new), now_us)
        for each in new:
            if not {each.link.person_id, each.link.other_person_id} <= plan.used.keys():
                moved.rejected.append(_refused(each.place, PERSON_NOT_FOUND))
            elif not sets.connect(each.link):
                moved.rejected.append(_refused(each.place, SET_TOO_LARGE))
            else:
                moved.created += 1
                origins.links[each.link.link_id] = each.linked_us
        sets.changes.keep(())
        await transaction.save(sets.changes)
        await transaction.date_back(origins)
        return moved

    return await with_retries(store, attempt)


async def restore_events(
    store: Transactions, events: Sequence[MovedEvent], *, import_id: str, now_us: int
) -> Outcome:
    """Write a slice of another home's log as history; it is folded when the import ends.

    An event that is here under the same caller and id stays as it is: it may be the very one, as
    its caller sent it, of which the log no longer knows every word.
    """
    by_key = {event.arrival.key: event for event in events}

    async def attempt(transaction: ProfileTransaction) -> Outcome:
        outcome = Outcome()
        claims = [(key, event.arrival.digest) for key, event in by_key.items()]
        claim = await transaction.claim(claims, now_us)
        fresh = [event for key, event in by_key.items() if key in claim.fresh]
        outcome.repeated += [
            each.arrival.place
            for each in events
            if each.arrival.key not in claim.fresh or by_key[each.arrival.key] is not each
        ]
        here = await transaction.hold({event.person_id for event in fresh})
        changes = Changes(now_us)
        for person_id, arrival in fresh:
            if person_id in here:
                changes.events.append(Recorded(arrival, person_id, 0, 0))
            else:
                outcome.rejected.append(_refused(arrival.place, PERSON_NOT_FOUND, arrival.key))
        if outcome.rejected:
            await transaction.release([each.key for each in outcome.rejected])
        if changes.events:
            await transaction.save_history(changes, import_id)
        outcome.accepted += len(changes.events)
        return outcome

    return await with_retries(store, attempt)


def _names_the_erased(person: MovedPerson, plan: Plan, erased: ErasedSince) -> bool:
    """Say whether an identity of a person led to somebody who was erased, and to nobody since."""
    keys = (moved.identity.key for moved in person.identities)
    return any(key in erased and key not in plan.known for key in keys)


def _refused(place: int, code: str, key: bytes = b"") -> Rejection:
    return Rejection(place, code, _WHY[code], key)


def _place(
    plan: Plan,
    person: MovedPerson,
    here: set[str],
    moved: Moved,
    shared: list[SharedIdentity],
) -> bool:
    """Decide what a person lacks here; False, and nothing of them, when they are refused."""
    unknown = []
    for each in person.identities:
        other = plan.person_of(each.identity.key)
        if other is None:
            unknown.append(each)
        elif other != person.person_id and other not in each.fits:
            text = f"their {each.identity.kind} leads to somebody else here"
            moved.rejected.append(Rejection(person.place, IDENTITY_TAKEN, text))
            return False
    for each in unknown:
        plan.add_identity(NewIdentity(each.identity, person.person_id, each.verified))
    known = (each for each in person.identities if each not in unknown)
    plan.verified.extend(each.identity.key for each in known if each.verified)
    shared.extend(SharedIdentity(e.identity.key, e.fits) for e in person.identities if e.fits)
    if person.person_id in here:
        moved.updated += 1
    else:
        here.add(person.person_id)
        plan.new_persons.append(person.person_id)
        moved.created += 1
    return True


def _describe(sets: Sets, person: MovedPerson) -> None:
    member = sets.member(person.person_id)
    before = dict(member.state.attributes)
    for name, value, said_us in person.attributes:
        describe(member.state, {name: value}, said_us)
    prune(member.state)
    member.freeing_seq += member.state.attributes != before
    sets.changes.relationships.extend(person.relationships)
    if person.name:
        sets.changes.names[person.person_id] = person.name


def _ends(links: Sequence[MovedLink]) -> set[str]:
    return {end for e in links for end in (e.link.person_id, e.link.other_person_id)}
