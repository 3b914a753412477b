"""What is written into the contact ledger and the decisions, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.rules.domain.contact_limits import MARKETING, ContactLimit
from services.rules.domain.counters import Occasion, Subject
from services.rules.domain.local_time import zone_or
from services.rules.domain.promises import WantedPromise
from services.rules.domain.standing import StandingKey


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
    reserved_by: str | None = ""
    """The caller of the edge whose contact it is; empty: none of them. None: nobody knows, and the
    first that asks for it again has it."""

    @property
    def occasion(self) -> Occasion:
        return Occasion(self.now_us, zone_or(self.time_zone, "UTC"), self.channel, decided=False)

    @property
    def subject(self) -> Subject:
        return Subject(self.policy, self.offer_no, self.kind, self.group)
