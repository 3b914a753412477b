"""The state machine of an errand: what is done for a journey outside of it, and how far that is.

Pure. `SENDING` is committed before the carrier is asked, so whoever finds it later knows that the
message may have left the house: it is asked about by its key, and carried again only by a carrier
that knows the key again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.journey import NotePerson, RingBack, SetAttributes, TellAnswer
from services.scenario.domain.lanes import lane_of
from services.scenario.domain.outbound import Draft, Fate, Result
from shared.replacing import replace

LONGEST_TRIED_US = 20 * 3600 * 1_000_000
"""It is tried for so long: well within the day for which gateways know its key again."""
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 3600.0
_HOURS = LONGEST_TRIED_US / 3_600_000_000
_LONGEST_ASKED_S = 86_400.0
"""That a carrier may ask to be left alone for."""
TOO_LATE = "TOO_LATE"
CONTACT_LIMIT = "CONTACT_LIMIT"
INTERRUPTED = "the process that was sending it ended before it heard what became of it"

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


def depart(
    dispatch: Dispatch,
    channel: int,
    why: str,
    contact_id: str,
    decision_id: str,
    offer_id: str,
    now_us: int,
) -> Step:
    """Return it on its way: committed before its carrier hears of it."""
    return Step(
        replace(
            dispatch,
            state=State.SENDING,
            tries=dispatch.tries + 1,
            channel=channel,
            why=why,
            contact_id=contact_id,
            decision_id=decision_id,
            offer_id=offer_id,
            tried_us=dispatch.tried_us or now_us,
            reason="",
        )
    )


def put_off(dispatch: Dispatch, until_us: int, reason: str, now_us: int) -> Step:
    """Return it waiting until a later time, or skipped where that is too late for it."""
    asked_anew = replace(dispatch, asked=dispatch.asked + 1, tried_us=0)
    if not until_us or until_us >= (dispatch.expires_us or until_us + 1):
        return skip(asked_anew, reason)
    due_us = max(until_us, now_us + 1)
    return Step(replace(asked_anew, state=State.WAITING, due_us=due_us, reason=reason))


def skip(dispatch: Dispatch, reason: str) -> Step:
    """Return it as one that may not, or need not, be done."""
    return Step(replace(dispatch, state=State.SKIPPED, reason=reason, is_open=False))


def fail(dispatch: Dispatch, reason: str) -> Step:
    """Return it as one that was certainly not done, and will not be."""
    return Step(replace(dispatch, state=State.FAILED, reason=reason, is_open=False))


def cancel(dispatch: Dispatch, reason: str) -> Step:
    """Return it as one that nobody needs any more."""
    return Step(replace(dispatch, state=State.CANCELLED, reason=reason, is_open=False))


def finish(dispatch: Dispatch) -> Step:
    """Return it with nothing left to do: it is done, and whoever had to hear of it has."""
    return Step(replace(dispatch, state=State.SENT, reason="", is_open=False))


def carried(dispatch: Dispatch, result: Result, now_us: int) -> Step:
    """Return what its carrier's word on carrying it makes of it.

    What was sent stays open until the person's log says so. What was in doubt before stays so
    where it was not taken this time: it may have been taken the other time.
    """
    if dispatch.doubts and result.fate is not Fate.SENT:
        return doubt(dispatch, result.reason, now_us)
    if result.fate is Fate.SENT:
        sent = replace(
            dispatch,
            state=State.SENT,
            sent_us=dispatch.sent_us or now_us,
            provider_id=result.provider_id or dispatch.provider_id,
            reason="",
        )
        return Step(sent)
    if result.fate is Fate.UNKNOWN:
        return doubt(dispatch, result.reason, now_us)
    if result.fate is Fate.SKIPPED:
        return skip(dispatch, result.reason)
    if result.fate is Fate.FAILED:
        return fail(dispatch, result.reason)
    return _set_back(dispatch, result, now_us)


def refused(dispatch: Dispatch, reason: str, now_us: int) -> Step:
    """Return what a refusal of ours makes of it, which lasts until somebody mends its cause."""
    return carried(dispatch, Result(Fate.LATER, f"refused: {reason}"), now_us)


def answered(dispatch: Dispatch, result: Result, now_us: int) -> Step:
    """Return what its carrier's word on what became of it makes of it: that ends all doubts."""
    if result.fate is Fate.UNKNOWN:
        return doubt(dispatch, result.reason, now_us)
    return carried(replace(dispatch, doubts=0), result, now_us)


def _set_back(dispatch: Dispatch, result: Result, now_us: int) -> Step:
    setbacks = dispatch.setbacks + 1
    again = replace(
        dispatch,
        state=State.WAITING,
        setbacks=setbacks,
        tried_us=dispatch.tried_us or now_us,
        reason=result.reason,
        channel=0,
    )
    if again.is_spent(now_us):
        return fail(again, f"{result.reason}; given up after {_HOURS:g} hours")
    if again.is_late(now_us):
        return fail(again, f"{result.reason}; then it was too late")
    return Step(again, max(min(result.after_s, _LONGEST_ASKED_S), _pause_s(setbacks, 2.0)))


def doubt(dispatch: Dispatch, reason: str, now_us: int) -> Step:
    """Return it as one that may have been sent, to be looked into after a pause.

    Looked into for as long as it may be, it stays so for good: people are told, nobody sends it.
    """
    unknown = replace(
        dispatch,
        state=State.UNKNOWN,
        doubts=dispatch.doubts + 1,
        tried_us=dispatch.tried_us or now_us,
        reason=reason or dispatch.reason,
    )
    if unknown.is_spent(now_us):
        return give_up(unknown, unknown.reason)
    return Step(unknown, _pause_s(unknown.doubts, 4.0))


def _pause_s(times: int, growth: float) -> float:
    longest = math.log(_LONGEST_PAUSE_S / _FIRST_PAUSE_S, growth)  # more would be no number
    grown: float = growth ** min(times - 1, longest)
    return min(_FIRST_PAUSE_S * grown, _LONGEST_PAUSE_S)


def give_up(dispatch: Dispatch, reason: str) -> Step:
    """Return it as one of which nobody will ever know more."""
    return Step(replace(dispatch, state=State.UNKNOWN, reason=reason, is_open=False))


def interrupted(dispatch: Dispatch) -> Dispatch:
    """Return how an errand is to be taken that somebody was sending when their lease ran out."""
    if dispatch.state is not State.SENDING:
        return dispatch
    doubts = max(dispatch.doubts, 1)
    return replace(dispatch, state=State.UNKNOWN, doubts=doubts, reason=INTERRUPTED)
