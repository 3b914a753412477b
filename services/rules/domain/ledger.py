"""The port of the contact ledger and the decisions: what is asked of it and what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from services.rules.domain.budgets import Spend
from services.rules.domain.changes import Change
from services.rules.domain.contact_limits import MARKETING, ContactLimit
from services.rules.domain.counters import Contact, Occasion, Subject
from services.rules.domain.local_time import zone_or
from services.rules.domain.promises import OpenPromise, WantedPromise
from services.rules.domain.standing import StandingRow


@dataclass(frozen=True, slots=True)
class StandingKey:
    """What has to be equal for an earlier decision to stand."""

    digest: bytes
    token: int
    bundle_hash: str


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What one read tells of a person."""

    person_ids: tuple[str, ...] = ()
    """The set, oldest first; empty: nobody is known."""
    contacts: tuple[Contact, ...] = ()
    """Those that count."""
    standing: tuple[StandingRow, ...] = ()
    declines: tuple[tuple[int, int], ...] = ()
    """(family or offer number, time): only where the person was found by a pseudonym."""
    promised: tuple[int, ...] = ()
    """Offers whose promise holds."""
    reserved: tuple[int, ...] = ()
    """Offers decided for them and not seen yet: their budget is taken."""
    presented_us: Mapping[int, int] = field(default_factory=dict, compare=False)
    """When what is promised or reserved was decided, by offer; not told of the past."""


@dataclass(frozen=True, slots=True)
class WantedContact:
    """A contact that a decision needs."""

    offer_no: int
    """0: the whole answer of the placement."""
    placement: str
    at_decision: bool
    """It counts at once; else when it was seen."""
    policy: str = MARKETING
    kind: int = 0
    """Of the offer."""
    group: str = ""
    """Of the offer."""
    is_part: bool = False
    """An offer in a message that is one contact: only limits that speak of offers count it."""

    @property
    def subject(self) -> Subject:
        return Subject(self.policy, self.offer_no, self.kind, self.group, self.is_part)


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """The ranked order of one placement, to stand from now on."""

    placement: str
    limit: int
    offer_nos: tuple[int, ...]
    sources: tuple[int, ...]
    """Where each came from; as long as `offer_nos`."""


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """A decision to be committed; proto parts are serialised."""

    decision_id: str
    person_ids: tuple[str, ...]
    """Oldest first; empty: nobody is known, so nothing counts and nothing sticks."""
    identity_key: bytes
    """The strongest pseudonym it came with: whose row it is written under."""
    now_us: int
    channel: int
    session_id: str
    wanted: tuple[WantedContact, ...]
    limits: tuple[ContactLimit, ...]
    asked: bytes
    """Equal for equal requests."""
    answer: bytes
    """What is shown if nothing is refused."""
    notice: bytes
    """The DecisionNotice."""
    trace: bytes
    key: StandingKey
    sticky_us: int
    orders: tuple[StandingOrder, ...]
    time_zone: str = "UTC"
    """In which their days and weeks begin."""
    promises: tuple[WantedPromise, ...] = ()
    """By ascending offer, each once."""

    @property
    def occasion(self) -> Occasion:
        zone = zone_or(self.time_zone, "UTC")
        return Occasion(self.now_us, zone, self.channel, self.session_id)


class CommitOutcome(Enum):
    """What became of a commit."""

    WRITTEN = 0
    REPEATED = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of a draft."""

    outcome: CommitOutcome
    refused: frozenset[int] = frozenset()
    """Places in `wanted` that were a contact too many; then nothing was written."""
    answer: bytes = b""
    """What was shown then, for a repeat."""
    unpromised: frozenset[int] = frozenset()
    """Places in `promises` that there is no budget for; then nothing was written."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Another system's request to approach a person."""

    contact_id: str
    person_ids: tuple[str, ...]
    """Oldest first; empty: whoever the pseudonyms lead to."""
    identity_keys: tuple[bytes, ...]
    """Strongest first."""
    policy: str
    channel: int
    offer_no: int
    now_us: int
    until_us: int
    limits: tuple[ContactLimit, ...]
    kind: int = 0
    """Of the offer."""
    group: str = ""
    """Of the offer."""
    time_zone: str = "UTC"
    """In which their days and weeks begin."""
    closed: bool = False
    """Nobody may be approached now: only what is held already is granted."""

    @property
    def occasion(self) -> Occasion:
        return Occasion(self.now_us, zone_or(self.time_zone, "UTC"), self.channel, decided=False)

    @property
    def subject(self) -> Subject:
        return Subject(self.policy, self.offer_no, self.kind, self.group)


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it was made."""

    decision_id: str
    person_ids: tuple[str, ...]
    decided_us: int
    channel: int
    answer: bytes
    trace: bytes = b""
    """Empty: no longer kept, or not asked for."""


@dataclass(frozen=True, slots=True)
class LoggedContact:
    """A contact in the log, in its latest state."""

    position: int
    contact_id: str
    person_id: str
    policy: str
    state: int
    channel: int
    offer_no: int
    time_us: int


class Ledger(Protocol):
    """Contacts, decisions and what stands. All writes may be repeated."""

    async def check_facts(
        self, person_ids: Sequence[str], key: StandingKey, since_us: int, now_us: int
    ) -> CheckFacts:
        """Return what one read tells of a known person; contacts from `since_us` on."""
        ...

    async def facts_by_identity(
        self, identity_keys: Sequence[bytes], since_us: int, declined_since_us: int, now_us: int
    ) -> CheckFacts:
        """Return what is known of whom the strongest pseudonym leads to; nothing stands."""
        ...

    async def facts_as_of(
        self, person_ids: Sequence[str], since_us: int, then_us: int, without_decision: str
    ) -> CheckFacts:
        """Return what `check_facts` would have told then, but for what one decision itself made.

        Nothing stands. What the ledger does not know: since when a contact is confirmed, or a
        promise seen (both count as if from the beginning); that a contact was told of later than
        it was made (it counts from then), or was held longer than at first; when one was released
        (it never counts). Promises that ended before `ended_us` was noted never held.
        """
        ...

    async def persons_of(self, identity_keys: Sequence[bytes]) -> tuple[str, ...]:
        """Return the set that the strongest known pseudonym leads to, oldest first."""
        ...

    async def commit(self, draft: DecisionDraft) -> CommitResult:
        """Write all of a decision in one transaction, or nothing and say what was refused."""
        ...

    async def reserve(self, reservation: Reservation) -> bool:
        """Reserve a contact; the same id is answered the same.

        For pseudonyms that lead to nobody it waits until a change tells who it is; where the only
        ones known fit several people nothing is granted.
        """
        ...

    async def release(
        self, contact_id: str, now_us: int, *, unless_confirmed: bool = False
    ) -> bool:
        """Give a contact back; False when it was not held, or is confirmed and so to stay."""
        ...

    async def contacts(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> tuple[Contact, ...]:
        """Return the contacts that count."""
        ...

    async def contacts_of_many(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> Mapping[str, Sequence[Contact]]:
        """Return the contacts that count, by the person they are written under."""
        ...

    async def declines_of_many(
        self, person_ids: Sequence[str], since_us: int
    ) -> Mapping[str, Sequence[int]]:
        """Return when offers were turned down since then, by person."""
        ...

    async def declined_us(self, person_ids: Sequence[str], since_us: int) -> tuple[int, ...]:
        """Return when offers were turned down since then, the latest of each."""
        ...

    async def promises(self, person_ids: Sequence[str], now_us: int) -> tuple[OpenPromise, ...]:
        """Return the promises that hold for a set of persons, the latest first."""
        ...

    async def budgets(self) -> tuple[Spend, ...]:
        """Return what is held and spent of every budget, by offer and account."""
        ...

    async def lapse(self, now_us: int) -> int:
        """Let promises lapse whose time ran out, a slice; gives back what they held.

        Returns how many lapsed.
        """
        ...

    async def decision(self, decision_id: str) -> StoredDecision | None: ...

    async def notices(self, decision_ids: Sequence[str]) -> Sequence[bytes]:
        """Return the serialised DecisionNotices of those decisions that are kept, in any order."""
        ...

    async def latest_decisions(
        self, person_ids: Sequence[str], limit: int
    ) -> Sequence[StoredDecision]:
        """Return the newest decisions for a set of persons, newest first."""
        ...

    async def decisions_after(self, position: int, limit: int) -> tuple[int, Sequence[bytes]]:
        """Return the position after a slice of the log and its serialised DecisionNotices."""
        ...

    async def contacts_after(self, position: int, limit: int) -> Sequence[LoggedContact]: ...

    async def erase(self, person_ids: Sequence[str], identity_keys: Sequence[bytes]) -> int:
        """Delete everything of these persons; returns how many rows."""
        ...

    def export(
        self, person_ids: Sequence[str], identity_keys: Sequence[bytes]
    ) -> AsyncIterator[tuple[str, list[str]]]:
        """Yield all that is kept of these persons: a table, and some of its rows as JSON."""
        ...

    async def forget(self, now_us: int, longest_window_us: int) -> int:
        """Delete what is kept no longer, a slice of it; returns how many rows."""
        ...

    async def note(self, changes: Sequence[Change]) -> None:
        """Bring changes to effect, in order; each may be told again."""
        ...
