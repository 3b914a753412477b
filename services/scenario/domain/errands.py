"""Errands: what is done for a journey outside of it, and how far that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.effects import NotePerson, RingBack, SetAttributes, TellAnswer
from services.scenario.domain.lanes import lane_of
from services.scenario.domain.outbound import Draft

LONGEST_TRIED_US = 20 * 3600 * 1_000_000
"""It is tried for so long: well within the day for which gateways know its key again."""
TOO_LATE = "TOO_LATE"
CONTACT_LIMIT = "CONTACT_LIMIT"

Job = MessageOrder | SetAttributes | NotePerson | TellAnswer | RingBack


class State(Enum):
    """How far an errand is."""

    WAITING = "waiting"
    SENDING = "sending"
    """It was handed to its carrier, or is about to be."""
    SENT = "sent"
    """Done: the message is out, the attributes are set, the note is written."""
    SKIPPED = "skipped"
    """It may not, or need not, be done."""
    FAILED = "failed"
    """It was certainly not done, and will not be."""
    UNKNOWN = "unknown"
    """It may have been sent."""
    CANCELLED = "cancelled"
    """Its journey was cut short, or went on, before it was its turn."""


_OVER = frozenset((State.SENT, State.SKIPPED, State.FAILED, State.CANCELLED))


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An errand with how far it is; times are business time in microseconds."""

    errand_id: str
    person_id: str
    job: Job
    due_us: int
    expires_us: int = 0
    """Not later; 0: whenever it can be."""
    journey_id: str = ""
    """Empty: it is done for no journey."""
    occurrence: int = 0
    scenario: str = ""
    stage: str = ""
    state: State = State.WAITING
    is_open: bool = True
    """Somebody still has something to do about it."""
    reason: str = ""
    """Why it was not done, or not yet, in words and without anything personal."""
    tries: int = 0
    """How often its carrier was asked to take it."""
    setbacks: int = 0
    """How often its carrier certainly did not."""
    doubts: int = 0
    """How often it was looked into what became of it."""
    asked: int = 0
    """How often it was put off because it might not be sent just then."""
    tried_us: int = 0
    """When it was first tried, since it was last put off so; 0: it was not."""
    obstacle: str = ""
    """What holds it up just now, and will pass: who does not answer. Its next step ends it."""
    channel: int = 0
    """Number of `Channel` that it goes, or went, by; 0: not chosen yet."""
    why: str = ""
    """Why by that channel, and by none of the others, in words."""
    passed_over: tuple[PassedOver, ...] = ()
    """The channels that it did not go by, with why."""
    contact_id: str = ""
    """As which it counts in the ledger of contacts, and in the log of its person."""
    decision_id: str = ""
    offer_id: str = ""
    """The one that it carried; empty: none, or several."""
    provider_id: str = ""
    sent_us: int = 0
    token: int = 0
    """Of the lease it was claimed under."""
    campaign: str = ""
    """Under which its person is told of an offer; empty: it is of none."""

    @property
    def order(self) -> MessageOrder:
        """What message it is; only of one that is a message."""
        assert isinstance(self.job, MessageOrder), "whoever asks has looked"
        return self.job

    @property
    def draft(self) -> Draft:
        """The message as composers know it."""
        return Draft(self.person_id, self.order, self.journey_id, self.scenario, self.stage)

    @property
    def lane(self) -> int:
        """On which it waits for its turn; see `services.scenario.domain.lanes`."""
        return lane_of(self.job)

    @property
    def is_held(self) -> bool:
        """Whether whoever claimed it is still about it: being sent, or being told of."""
        return self.is_open and self.state in (State.SENDING, State.SENT)

    def reservation_id(self, channel: int) -> str:
        """Return as what it is reserved in the ledger: the same until that was given back."""
        return f"{self.errand_id}.{self.tries + self.asked + self.setbacks}.{channel}"

    def is_late(self, now_us: int) -> bool:
        return 0 < self.expires_us <= now_us

    def is_spent(self, now_us: int) -> bool:
        """Whether it was tried for as long as it may be."""
        return 0 < self.tried_us <= now_us - LONGEST_TRIED_US

    @property
    def told_reason(self) -> str:
        """Why it is as it is; as long as something holds it up, what that is."""
        return self.obstacle or self.reason


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of an errand: how it is afterwards, and when it is looked at again."""

    dispatch: Dispatch
    pause_s: float = 0.0
    """Not looked at for so long, in machine time."""
    at_us: int = 0
    """When it was taken."""

    @property
    def event_type(self) -> str:
        """What its journey is told of: `message_sent`; empty: nothing that it cares about."""
        after = self.dispatch
        is_message = isinstance(after.job, MessageOrder)
        if not (is_message and after.journey_id) or after.state is State.CANCELLED:
            return ""
        is_settled = after.state in _OVER or (after.state is State.UNKNOWN and not after.is_open)
        return f"message_{after.state.value}" if is_settled else ""
