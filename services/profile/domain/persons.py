"""Joining and parting persons, and taking an identity from one, on somebody's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.profile.domain.applying import Touched
from services.profile.domain.audit import NOBODY, Action, By, Note
from services.profile.domain.identity import Identity, connected
from services.profile.domain.linking import Sets
from services.profile.domain.placing import NewId
from services.profile.domain.ports import (
    Changes,
    Member,
    NewLink,
    ProfileTransaction,
    RaceLost,
    Transactions,
)
from services.profile.domain.recording import with_retries
from shared.errors import FailedPrecondition, NotFound

LINKED, UNLINKED, DETACHED = "linked", "unlinked", "identity_detached"


@dataclass(frozen=True, slots=True)
class Joined:
    """A link and the set that it made."""

    link_id: str
    person_ids: tuple[str, ...]
    touched: tuple[Touched, ...] = ()


@dataclass(frozen=True, slots=True)
class Parted:
    """The sets of two persons after their link was undone."""

    person_ids: tuple[str, ...]
    other_person_ids: tuple[str, ...]
    touched: tuple[Touched, ...] = ()


@dataclass(frozen=True, slots=True)
class Detached:
    """Where an identity leads, and where it led to."""

    person_id: str
    former_person_ids: tuple[str, ...]
    touched: tuple[Touched, ...]


async def link(
    store: Transactions,
    person_id: str,
    other_person_id: str,
    idempotency_key: str,
    *,
    now_us: int,
    new_id: NewId,
    by: By = NOBODY,
) -> Joined:
    """Make two persons one set. Raises `NotFound`, and `FailedPrecondition` if it is too large.

    Repeated with its key it is the same link, also when that was undone since: it stays undone.
    Two that are one set already by way of others get a link of their own: it then outlives those.
    """

    async def attempt(transaction: ProfileTransaction) -> Joined:
        sets = await _locked(transaction, (person_id, other_person_id), now_us, changes_of_sets=1)
        known = await transaction.link_by_key(idempotency_key) if idempotency_key else None
        members = _ids(sets.set_of(person_id))
        if known is None and other_person_id in members:
            links = await transaction.links(members)
            known = next((e for e in links if _is_meant(e, "", person_id, other_person_id)), None)
        if known is not None:
            return Joined(known.link_id, members)
        made = NewLink(new_id(), person_id, other_person_id, "", idempotency_key)
        if not sets.connect(made):
            raise FailedPrecondition("the set would have too many persons", reason="SET_TOO_LARGE")
        await _save(transaction, sets, by, Action.LINKED, person_id, other_person_id)
        return Joined(made.link_id, _ids(sets.set_of(person_id)), _touched(sets, LINKED, person_id))

    return await with_retries(store, attempt)


async def unlink(
    store: Transactions,
    link_id: str,
    person_id: str,
    other_person_id: str,
    *,
    now_us: int,
    by: By = NOBODY,
) -> Parted:
    """Undo a link, or all links that join two persons. Raises `NotFound` if there is none.

    Where others still connect the two, they stay one set. A link named by its id may be undone
    again: nothing changes.
    """

    async def attempt(transaction: ProfileTransaction) -> Parted:
        one, other = person_id, other_person_id
        if link_id:
            one, other = await _ends(transaction, link_id)
        sets = await _locked(transaction, (one, other), now_us, changes_of_sets=2)
        members = sets.set_of(one)
        links = await transaction.links(_ids(members))
        undone = [each for each in links if _is_meant(each, link_id, one, other)]
        if not undone and not link_id:
            raise NotFound("no link joins these two directly", reason="LINK_NOT_FOUND")
        await transaction.undo_links([each.link_id for each in undone], now_us)
        left = [(e.person_id, e.other_person_id) for e in links if e not in undone]
        component = connected(one, left)
        everybody = set(_ids(members))
        if undone and component != everybody:
            sets.take_apart([component, everybody - component])
        if undone:
            await _save(transaction, sets, by, Action.UNLINKED, one, other)
        return Parted(
            _ids(sets.set_of(one)),
            _ids(sets.set_of(other)),
            _touched(sets, UNLINKED, one, other) if undone else (),
        )

    return await with_retries(store, attempt)


async def detach(
    store: Transactions, identity: Identity, *, now_us: int, new_id: NewId, by: By = NOBODY
) -> Detached:
    """Let an identity lead to a new person; what was written under the old one stays there.

    Raises `NotFound`, and `FailedPrecondition` where it fits several people, or is all that its
    person is reached by: such a person is unlinked from the others of the set instead.
    """

    async def attempt(transaction: ProfileTransaction) -> Detached:
        known = (await transaction.resolve([identity.key])).get(identity.key)
        if known is None:
            raise NotFound(f"nobody has this {identity.kind}", reason="IDENTITY_NOT_FOUND")
        if known.shared:
            raise FailedPrecondition(
                f"this {identity.kind} fits several people and leads to none of them",
                reason="IDENTITY_SHARED",
            )
        sets = await _locked(transaction, (known.person_id,), now_us, changes_of_sets=2)
        if await transaction.identities_of(known.person_id) < 2:
            raise FailedPrecondition(
                f"this {identity.kind} is all that the person is reached by; "
                "unlink the person instead",
                reason="LAST_IDENTITY",
            )
        await transaction.detach(identity.key, known.person_id)
        person_id = new_id()
        sets.part_identity(identity, known.person_id, person_id)
        sets.changes.keep([sets.member(known.person_id)])
        sets.changes.notes = [Note(by, Action.UNLINKED, known.person_id)]
        await transaction.save(sets.changes)
        former = _ids(sets.set_of(known.person_id))
        return Detached(person_id, former, _touched(sets, DETACHED, known.person_id))

    return await with_retries(store, attempt)


async def _ends(transaction: ProfileTransaction, link_id: str) -> tuple[str, str]:
    """Return the two persons that a link joins; raises `NotFound`."""
    link = await transaction.link_by_id(link_id)
    if link is None:
        raise NotFound(f"there is no link {link_id}", reason="LINK_NOT_FOUND")
    return link.person_id, link.other_person_id


def _is_meant(link: NewLink, link_id: str, one: str, other: str) -> bool:
    if link_id:
        return link.link_id == link_id
    return {link.person_id, link.other_person_id} == {one, other}


async def _locked(
    transaction: ProfileTransaction,
    person_ids: Sequence[str],
    now_us: int,
    *,
    changes_of_sets: int,
) -> Sets:
    """Lock the whole sets of two persons; raises `NotFound` or `RaceLost`."""
    groups = await transaction.groups_of(person_ids)
    for person_id in person_ids:
        if person_id not in groups:
            raise NotFound(f"there is no person {person_id}", reason="PERSON_NOT_FOUND")
    members = await transaction.lock({found.group_id for found in groups.values()})
    versions = {member.person_id: member.version for member in members}
    if any(versions.get(person) != found.version for person, found in groups.items()):
        raise RaceLost("the set changed while it was waited for")
    numbers = await transaction.next_versions(changes_of_sets)
    return Sets(Changes(now_us), members, (), iter(numbers))


async def _save(
    transaction: ProfileTransaction, sets: Sets, by: By, action: Action, *person_ids: str
) -> None:
    sets.changes.keep(())
    sets.changes.notes = [Note(by, action, person_id) for person_id in person_ids]
    await transaction.save(sets.changes)


def _ids(members: Sequence[Member]) -> tuple[str, ...]:
    return tuple(member.person_id for member in members)


def _touched(sets: Sets, cause: str, *person_ids: str) -> tuple[Touched, ...]:
    groups = {_ids(sets.set_of(person)): sets.set_of(person) for person in person_ids}
    return tuple(
        Touched(ids, sum(member.seq for member in members), cause)
        for ids, members in groups.items()
    )
