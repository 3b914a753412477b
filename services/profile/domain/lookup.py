"""Whom identities mean: the strongest counts, a shared one needs somebody's confirmation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.profile.domain.identity import Assurance, Identity, assurance, initials
from services.profile.domain.ports import Member, NewLink
from services.profile.domain.reading import standing_token
from services.profile.domain.relationships import Relationship
from services.profile.domain.state import State, merge
from shared.clock import from_us


class Asked(NamedTuple):
    """Where one of the identities asked for leads."""

    place: int
    """Index among those asked for."""
    person_id: str
    group_id: str
    version: int
    shared: bool
    verified: bool


class Fit(NamedTuple):
    """One of several people that an identity fits."""

    person_id: str
    created_us: int
    name: str
    is_customer: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What one read says of identities: where each leads, and the set of the first."""

    asked: Sequence[Asked]
    """Known ones, in the order asked for."""
    members: Sequence[Member]
    """Oldest first; empty when the first is not known or shared."""


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """An identity as its person's record shows it."""

    kind: str
    value: str
    """In full; masked before it leaves the service."""
    verified: bool
    first_seen_us: int


class ReferredPerson(NamedTuple):
    """Whom a person referred."""

    time_us: int
    group_id: str | None
    """None: not known yet."""


class ReferredBy(NamedTuple):
    """Who was the first to refer a person."""

    group_id: str
    time_us: int


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """What only people read."""

    name: str
    identities: Sequence[IdentityRecord]
    links: Sequence[tuple[NewLink, int]]
    """With the time of each, microseconds."""
    relationships: Sequence[Relationship] = ()
    """What was said of who looks after them."""
    referrals: Sequence[ReferredPerson] = ()
    referred_by: ReferredBy | None = None


class Profiles(Protocol):
    """Reads of profiles outside of transactions, and the one write that a decision may need."""

    async def find(self, keys: Sequence[bytes]) -> Found:
        """Return where identities lead, in one round trip; every decision waits for it."""
        ...

    async def set_of(self, person_id: str) -> Sequence[Member]:
        """Return the whole set of a person, oldest first; empty: there is no such person."""
        ...

    async def fits(self, key: bytes) -> Sequence[Fit]:
        """Return whom a shared identity fits, oldest first."""
        ...

    async def is_one_of(self, keys: Sequence[bytes], person_id: str) -> bool:
        """Say whether one of the identities is shared and fits that person's set."""
        ...

    async def record(self, person_ids: Sequence[str]) -> PersonRecord: ...

    async def names_by_person(self, person_ids: Sequence[str]) -> Mapping[str, Identity]:
        """Return of each person an identity that leads to them alone, without its value."""
        ...

    async def keep(
        self, identities: Sequence[Identity], person_id: str, now_us: int
    ) -> Member | None:
        """Make a new person of the first identity, and of those others that are not known.

        None, and nothing is written, when the first one is known by now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several people, told apart without telling who they are."""

    person_id: str
    description: str


@dataclass(slots=True)
class Person:
    """Whom the identities mean."""

    members: Sequence[Member] = ()
    """The set, oldest first; empty: nobody is known."""
    used_identity: int = 0
    """Index; only the strongest counts, and callers put it first."""
    ignored_identities: tuple[int, ...] = ()
    """Indexes of identities of other people."""
    assurance: Assurance = Assurance.NOBODY
    is_confirmed: bool = False
    """Somebody who may, said that it is this one of several."""
    is_ambiguous: bool = False
    choices: tuple[Choice, ...] = ()
    own_id: str = ""
    """The person of the set whose identity counted: what is said of them is written there."""
    is_guessed: bool = False
    """The definitions let the identity prove nothing: whoever asks may be anybody."""
    _state: State | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.members)

    @property
    def oldest_id(self) -> str:
        """Empty: nobody is known."""
        return self.members[0].person_id if self.members else ""

    @property
    def person_ids(self) -> tuple[str, ...]:
        return tuple([member.person_id for member in self.members])

    @property
    def identity_kinds(self) -> Sequence[str]:
        """Kinds of all the identities that lead to the set, by name."""
        return sorted({kind for member in self.members for kind in member.identity_kinds})

    @property
    def seq(self) -> int:
        return sum(member.seq for member in self.members)

    @property
    def standing_token(self) -> int:
        """Equal tokens mean that a standing decision still stands."""
        if not self.members:
            return 0
        return standing_token(self.members[0].version, [m.freeing_seq for m in self.members])

    def state(self) -> State:
        """Return the state of the whole set, made once: those of the members are used up by it."""
        if self._state is None:
            self._state = merge([member.state for member in self.members])
        return self._state


async def find_person(
    profiles: Profiles, identities: Sequence[Identity], confirmed_person_id: str
) -> Person:
    """Return whom identities mean, strongest first.

    A confirmed person counts if one of the identities is shared and fits them; else it is as if
    nobody had been confirmed.
    """
    keys = [identity.key for identity in identities]
    if confirmed_person_id and await profiles.is_one_of(keys, confirmed_person_id):
        members = await profiles.set_of(confirmed_person_id)
        return Person(
            members,
            assurance=Assurance.CLAIMED,
            own_id=confirmed_person_id,
            is_confirmed=True,
        )
    found = await profiles.find(keys)
    first = next((asked for asked in found.asked if asked.place == 0), None)
    if first is None:
        return Person(ignored_identities=tuple(asked.place for asked in found.asked))
    if first.shared:
        choices = tuple(map(_choice, await profiles.fits(keys[0])))
        return Person(is_ambiguous=True, choices=choices)
    ignored = [a.place for a in found.asked if a.shared or a.group_id != first.group_id]
    return Person(
        found.members,
        ignored_identities=tuple(ignored),
        assurance=assurance(identities[0].kind, verified=first.verified),
        own_id=first.person_id,
    )


async def find_by_id(profiles: Profiles, person_id: str) -> Person:
    """Return the set of a person whom nobody named: what is known counts, who they are does not."""
    members = await profiles.set_of(person_id)
    return Person(members, assurance=Assurance.ANONYMOUS, own_id=person_id if members else "")


async def find_or_keep(
    profiles: Profiles,
    identities: Sequence[Identity],
    confirmed_person_id: str,
    new_id: Callable[[], str],
    now_us: int,
) -> Person:
    """Return whom identities mean; somebody never seen before is made a person of a new id."""
    person = await find_person(profiles, identities, confirmed_person_id)
    if person.is_known or person.is_ambiguous:
        return person
    kept = await profiles.keep(identities, new_id(), now_us)
    if kept is None:
        return await find_person(profiles, identities, "")
    return Person(
        [kept],
        ignored_identities=person.ignored_identities,
        assurance=assurance(identities[0].kind, verified=False),
        own_id=kept.person_id,
    )


def _choice(fit: Fit) -> Choice:
    who = initials(fit.name) or ("customer" if fit.is_customer else "visitor")
    since = from_us(fit.created_us).year
    return Choice(fit.person_id, f"{who}, known since {since}")
