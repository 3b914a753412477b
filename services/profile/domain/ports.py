"""What the profile needs of its storage; kept by PostgreSQL, and in memory for tests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from services.profile.domain.audit import Note
from services.profile.domain.event import Event
from services.profile.domain.identity import Identity, Known, PersonSet
from services.profile.domain.relationships import Relationship
from services.profile.domain.state import State
from shared.errors import Aborted


class RaceLost(Aborted):
    """Something changed between reading and locking: begin the transaction again."""


class Arrival(NamedTuple):
    """An event as it came in, valid and stamped; one is made for each, so it is a tuple."""

    place: int
    """Its place in the request."""
    key: bytes
    """16 bytes that stand for caller, event id and owner."""
    digest: bytes
    """16 bytes that stand for its content."""
    event: Event
    identities: tuple[Identity, ...]
    """Strongest first."""
    event_id: str
    caller: str
    decision_id: str
    placement: str
    private: str
    """What only an export may read; stored encrypted. Empty: nothing."""
    referred: bytes = b""
    """Pseudonym of whom it refers; empty: nobody."""
    owner_key: bytes = b""
    """Pseudonym of whose its id is among those whom the caller speaks for; empty: the caller's."""


Pack = Callable[["Member", int], None]
"""See `ProfileTransaction.pack`."""


class Packed(NamedTuple):
    """A state in the form in which it is stored."""

    load: Callable[[], State]
    """Reads it again."""
    data: bytes = b""
    contribution_micros: int | None = None
    """None: the orders were not looked at."""


@dataclass(slots=True)
class Member:
    """One person of a set, whose row is locked."""

    person_id: str
    group_id: str
    version: int
    seq: int
    """Number of the person's last event."""
    freeing_seq: int
    load: Callable[[], State] = State
    """Reads the stored state."""
    identity_kinds: Sequence[str] = ()
    """Kinds of the identities that lead to this person; known only to those who read."""
    packed: Packed | None = None
    """The state as it was last packed; see `ProfileTransaction.pack`."""
    _state: State | None = None

    @property
    def state(self) -> State:
        """The state, to be changed in place."""
        if self._state is None:
            self._state = self.packed.load() if self.packed else self.load()
        return self._state

    @property
    def is_loaded(self) -> bool:
        """Whether the state may have changed."""
        return self._state is not None or self.packed is not None

    def go_back(self) -> None:
        """Undo what happened to the state since it was read or packed."""
        self._state = None


class NewIdentity(NamedTuple):
    """An identity seen for the first time."""

    identity: Identity
    person_id: str
    verified: bool


class Recorded(NamedTuple):
    """An event with the place it got."""

    arrival: Arrival
    person_id: str
    seq: int
    """0 for history, which takes no number."""
    standing_token: int


class Parked(NamedTuple):
    """An event that could not be folded into the state of its person."""

    position: int
    """In the log; 0: it is being written, and known by its number."""
    person_id: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class NewLink:
    """Two persons that become one set."""

    link_id: str
    person_id: str
    other_person_id: str
    event_id: str
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class SharedIdentity:
    """An identity that fits several people from now on."""

    key: bytes
    person_ids: tuple[str, ...]


@dataclass(slots=True)
class Changes:
    """All that one transaction writes."""

    now_us: int
    identities: list[NewIdentity] = field(default_factory=list)
    verified: list[bytes] = field(default_factory=list)
    """Known identities that are proved now."""
    shared: list[SharedIdentity] = field(default_factory=list)
    locked: list[Member] = field(default_factory=list)
    """Whole sets, as they are now."""
    new_members: list[Member] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    """Locked ones whose counters or state changed."""
    moved: list[Member] = field(default_factory=list)
    """Those whose set changed, new ones included."""
    links: list[NewLink] = field(default_factory=list)
    events: list[Recorded] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    """Events that are in the log and not in the state."""
    unparked: list[int] = field(default_factory=list)
    """Positions of events that were parked and are in the state now."""
    names: dict[str, str] = field(default_factory=dict)
    """Person to name; stored encrypted."""
    relationships: list[Relationship] = field(default_factory=list)
    """Said now; of what was said of one beginning before, the new word counts."""
    notes: list[Note] = field(default_factory=list)
    """What the audit trail is told of it."""

    def keep(self, changed: Iterable[Member]) -> None:
        """Have locked members written: those changed, and those whose set changed."""
        new = {member.person_id for member in self.new_members}
        found = {member.person_id: member for member in (*changed, *self.moved)}
        self.members = [found[person_id] for person_id in sorted(found.keys() - new)]

    def sets_by_person(self) -> dict[str, PersonSet]:
        """Return the sets that are new, changed or were locked, by each of their persons."""
        found = {m.person_id: m for m in (*self.locked, *self.new_members, *self.moved)}
        groups: dict[str, list[Member]] = {}
        for member in found.values():
            groups.setdefault(member.group_id, []).append(member)
        return {
            member.person_id: PersonSet(
                tuple(sorted(each.person_id for each in members)), member.version
            )
            for members in groups.values()
            for member in members
        }


@dataclass(slots=True)
class Origins:
    """Moments of what was written by a restore and is older than that, microseconds."""

    persons: dict[str, int] = field(default_factory=dict)
    identities: dict[bytes, int] = field(default_factory=dict)
    links: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """A person, locked, and events of the log that its state does not hold yet."""

    member: Member
    events: Sequence[Event]
    positions: Sequence[int]
    """Of each event, in the log."""


class Claimed(NamedTuple):
    """Which events are new; of the others, the digest that stands."""

    fresh: frozenset[bytes]
    standing: Mapping[bytes, bytes]


class ProfileTransaction(Protocol):
    """Steps of one transaction, in the order in which locks are taken."""

    async def claim(self, claims: Sequence[tuple[bytes, bytes]], now_us: int) -> Claimed:
        """Take (key, digest) pairs that nobody took before; each key at most once per call."""
        ...

    async def release(self, keys: Sequence[bytes]) -> None:
        """Give back claims of events that are refused after all."""
        ...

    async def resolve(self, keys: Iterable[bytes], *, hold: bool = False) -> Mapping[bytes, Known]:
        """Return where those identities lead that are known.

        With `hold`, none of those persons can be erased before the transaction ends.
        """
        ...

    async def lock(self, group_ids: Iterable[str]) -> Sequence[Member]:
        """Lock all persons of the sets in ascending order and return them as they are now."""
        ...

    async def next_versions(self, count: int) -> Sequence[int]:
        """Return numbers for changes of sets, each larger than any given before."""
        ...

    def pack(self, member: Member, now_us: int) -> None:
        """Bring a member's state into the form in which it is stored.

        Raises what code raises when the state holds something that has no such form.
        """
        ...

    async def save(self, changes: Changes) -> None:
        """Write everything with the notices about it; RaceLost if an identity is taken."""
        ...

    async def save_history(self, changes: Changes, import_id: str) -> None:
        """Write imported events: no notices about them, states are left to be folded later."""
        ...

    async def erased_identities(self, keys: Collection[bytes]) -> Mapping[bytes, int]:
        """Return when persons were erased whom any of the identities led to, microseconds."""
        ...

    async def erased_persons(self, person_ids: Collection[str]) -> frozenset[str]:
        """Return those persons who were erased."""
        ...

    async def groups_of(self, person_ids: Sequence[str]) -> Mapping[str, Known]:
        """Return where those persons belong that exist."""
        ...

    async def customers_of(self, group_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the oldest person with a customer identity of each set that has one."""
        ...

    async def identities_of(self, person_id: str) -> int:
        """Return how many identities lead to a person."""
        ...

    async def detach(self, key: bytes, person_id: str) -> None:
        """Take an identity from its person; RaceLost when it is another's or shared by now."""
        ...

    async def links(self, person_ids: Sequence[str]) -> Sequence[NewLink]:
        """Return the standing links among the persons of a set."""
        ...

    async def link_by_key(self, idempotency_key: str) -> NewLink | None:
        """Return the link made with a key, also one undone."""
        ...

    async def link_by_id(self, link_id: str) -> NewLink | None:
        """Return a link, also one undone."""
        ...

    async def known_links(self, link_ids: Sequence[str]) -> frozenset[str]:
        """Return those ids that are of links, also of ones undone."""
        ...

    async def undo_links(self, link_ids: Sequence[str], now_us: int) -> None:
        """Note that links stand no longer; they stay known by id and key."""
        ...

    async def hold(self, person_ids: Collection[str]) -> frozenset[str]:
        """Return those who are there; none of them can be erased before the transaction ends."""
        ...

    async def date_back(self, origins: Origins) -> None:
        """Give what was written in this transaction the moments that it has; never later ones."""
        ...

    async def relationships(self, person_ids: Sequence[str]) -> Sequence[Relationship]:
        """Return what was said of who looks after persons."""
        ...

    async def pending(
        self, import_id: str, max_events: int, share: tuple[int, int]
    ) -> Sequence[Pending]:
        """Lock some persons and take imported events that their states lack; empty: none is left.

        `share` is (part, parts) of all persons, so that several workers do not meet.
        """
        ...

    async def parked(self, position: int, max_events: int) -> Sequence[Pending]:
        """Lock the persons of the next parked events after a position of the log."""
        ...

    async def outdated(self, persons: int) -> Sequence[Pending]:
        """Lock some persons whose states an older version of the fold made, with all their events.

        Those events are left out that the states lack: imported ones and parked ones. Empty: no
        state is outdated.
        """
        ...

    async def mark_renewed(self, person_ids: Sequence[str]) -> None:
        """Note that the states of locked persons are those of this version."""
        ...


class Glance(NamedTuple):
    """What one look shows, without a lock."""

    known: Mapping[bytes, Known]
    """Where those identities lead that are known."""
    members: Sequence[Member]
    """The whole sets of these, ascending."""
    stamps: Mapping[str, object]
    """Of each person what is another once anything of their row was written."""


class Transactions(Protocol):
    """Opens transactions; an error inside rolls all of it back."""

    def transaction(self) -> AbstractAsyncContextManager[ProfileTransaction]: ...


class EventStore(Transactions, Protocol):
    """Also records what nobody else writes to at that moment, without locks."""

    async def glance(self, keys: Collection[bytes]) -> Glance:
        """Return where identities lead and who is there, all of one moment."""
        ...

    async def save_unchanged(
        self, glance: Glance, claims: Sequence[tuple[bytes, bytes]], changes: Changes
    ) -> None:
        """Claim (key, digest) pairs and write events with their members in one transaction.

        Raises Aborted, and writes nothing, when somebody seen at the glance has changed since, or
        when one of the events was claimed before.
        """
        ...

    def pack(self, member: Member, now_us: int) -> None:
        """See `ProfileTransaction.pack`."""
        ...
