"""Decides whose an event is: the strongest identity counts, and only a login links."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.profile.domain.erased import ERASED, EVENT_TEXT, NONE_ERASED, ErasedSince, was_erased
from services.profile.domain.identity import VISITOR, Identity, Known
from services.profile.domain.making import maker
from services.profile.domain.ports import Arrival, NewIdentity

NewId = Callable[[], str]
"""Returns a UUIDv7, so that ids sort by age."""

LOGIN, NOT_ME = "login", "not_me"


class Rejection(NamedTuple):
    """An event of which nothing is stored."""

    place: int
    code: str
    message: str
    key: bytes = b""
    """The claim to be given back."""


class Join(NamedTuple):
    """A login says that two persons are one."""

    person_id: str
    other_person_id: str
    weaker_key: bytes
    """The identity that would join them; it is the one that turns out to be shared."""


class Placed(NamedTuple):
    """An event under its person."""

    arrival: Arrival
    person_id: str
    joins: tuple[Join, ...] = ()


_PLACED = maker(Placed)


@dataclass(slots=True)
class Plan:
    """Where the events of a batch go, and what has to be made for it."""

    known: Mapping[bytes, Known]
    placed: list[Placed] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    new_persons: list[str] = field(default_factory=list)
    new_identities: list[NewIdentity] = field(default_factory=list)
    verified: list[bytes] = field(default_factory=list)
    used: dict[str, Known] = field(default_factory=dict)
    """The known persons that events or joins touch, with their sets as they were read."""
    _new: dict[bytes, str] = field(default_factory=dict)

    def person_of(self, key: bytes) -> str | None:
        """Return the person that an identity leads to by now; None: it is not known."""
        found = self.known.get(key)
        if found is None:
            return self._new.get(key)
        self.used[found.person_id] = found
        return found.person_id

    def add_person(self, person_id: str, identities: Sequence[Identity], *, proved: bool) -> str:
        """Make a person of identities that are not known."""
        self.new_persons.append(person_id)
        for identity in identities:
            self.add_identity(NewIdentity(identity, person_id, proved))
        return person_id

    def add_identity(self, seen: NewIdentity) -> None:
        """Give a person an identity that is not known."""
        self._new[seen.identity.key] = seen.person_id
        self.new_identities.append(seen)

    def is_shared(self, key: bytes) -> bool:
        found = self.known.get(key)
        return found is not None and found.shared

    def is_one_person(self, arrival: Arrival) -> bool:
        """Say whether whoever is referred is known to be who refers them."""
        if any(identity.key == arrival.referred for identity in arrival.identities):
            return True
        own, other = self.known.get(arrival.identities[0].key), self.known.get(arrival.referred)
        if own is None or other is None or other.shared:
            return False
        return own.group_id == other.group_id

    def joins(self) -> int:
        """Return how often sets may change."""
        return sum(len(placed.joins) for placed in self.placed)

    def joined_persons(self) -> set[str]:
        """Return all persons that a join names."""
        joins = (join for placed in self.placed for join in placed.joins)
        return {person for join in joins for person in (join.person_id, join.other_person_id)}


def place(
    arrivals: Sequence[Arrival],
    known: Mapping[bytes, Known],
    *,
    may_link: bool,
    new_id: NewId,
    erased: ErasedSince = NONE_ERASED,
) -> Plan:
    """Return where each event goes.

    Events without a login: the strongest identity counts; when it is not known, all unknown ones
    of the event become one new person. A login links each of its identities to the strongest, if
    the caller may; an unknown one becomes a person of its own, so that the link can be undone.
    What happened before somebody it names was erased is refused.
    """
    plan = Plan(known)
    for arrival in arrivals:
        if erased and was_erased(arrival, erased):
            plan.rejected.append(Rejection(arrival.place, ERASED, EVENT_TEXT, arrival.key))
        elif plan.is_shared(arrival.identities[0].key):
            plan.rejected.append(_ambiguous(arrival))
        elif arrival.referred and plan.is_one_person(arrival):
            plan.rejected.append(_self_referral(arrival))
        elif arrival.event.type == NOT_ME and not (may_link or _is_of_a_cookie(arrival)):
            plan.rejected.append(_may_not_part(arrival))
        elif arrival.event.type == LOGIN:
            _place_login(plan, arrival, may_link, new_id)
        else:
            plan.placed.append(_PLACED((arrival, _person(plan, arrival, new_id), ())))
    return plan


def _person(plan: Plan, arrival: Arrival, new_id: NewId) -> str:
    found = plan.person_of(arrival.identities[0].key)
    if found is not None:
        return found
    unknown = [i for i in arrival.identities if plan.person_of(i.key) is None]
    return plan.add_person(new_id(), unknown, proved=False)


def _place_login(plan: Plan, arrival: Arrival, may_link: bool, new_id: NewId) -> None:
    strongest, *others = arrival.identities
    if not may_link and not _is_one_set(plan, arrival):
        plan.rejected.append(_not_allowed(arrival))
        return
    person_id = plan.person_of(strongest.key)
    if person_id is None:
        person_id = plan.add_person(new_id(), [strongest], proved=may_link)
    joins = []
    for identity in others:
        if plan.is_shared(identity.key):
            continue
        other = plan.person_of(identity.key)
        if other is None:
            other = plan.add_person(new_id(), [identity], proved=may_link)
        if other != person_id:
            joins.append(Join(person_id, other, identity.key))
    if may_link:
        proved = (plan.known.get(identity.key) for identity in arrival.identities)
        pairs = zip(arrival.identities, proved, strict=True)
        plan.verified.extend(i.key for i, found in pairs if found is not None and _unproved(found))
    plan.placed.append(Placed(arrival, person_id, tuple(joins)))


def _is_of_a_cookie(arrival: Arrival) -> bool:
    """Say whether an event speaks of nothing but a device: whoever holds it may say whose it is."""
    return [identity.kind for identity in arrival.identities] == [VISITOR]


def _is_one_set(plan: Plan, arrival: Arrival) -> bool:
    """Say whether a login asks for no link: one identity, or all of one set already."""
    if len(arrival.identities) == 1:
        return True
    groups = {
        found.group_id if (found := plan.known.get(identity.key)) else identity.key
        for identity in arrival.identities
    }
    return len(groups) == 1


def _unproved(found: Known) -> bool:
    return not found.verified and not found.shared


def _ambiguous(arrival: Arrival) -> Rejection:
    kind = arrival.identities[0].kind
    return Rejection(
        arrival.place,
        "AMBIGUOUS_PERSON",
        f"this {kind} fits several people; send an identity that fits one of them first",
        arrival.key,
    )


def _self_referral(arrival: Arrival) -> Rejection:
    return Rejection(
        arrival.place,
        "SELF_REFERRAL",
        "attributes.referred: is the person themselves; name whom they referred",
        arrival.key,
    )


def _may_not_part(arrival: Arrival) -> Rejection:
    return Rejection(
        arrival.place,
        "NOT_ALLOWED",
        "not_me parts what is linked, and this caller may not link; a visitor alone may be named",
        arrival.key,
    )


def _not_allowed(arrival: Arrival) -> Rejection:
    return Rejection(
        arrival.place,
        "NOT_ALLOWED",
        "a login with several identities links them, and this caller may not link",
        arrival.key,
    )
