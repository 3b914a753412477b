"""The state machine of an errand: how each thing that happens to it leaves it.

Pure. `SENDING` is committed before the carrier is asked, so whoever finds it later knows that the
message may have left the house: it is asked about by its key, and carried again only by a carrier
that knows the key again.
"""

from __future__ import annotations

import math

from services.scenario.domain.errands import LONGEST_TRIED_US, Dispatch, State, Step
from services.scenario.domain.outbound import Fate, Result
from shared.replacing import replace

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 3600.0
_HOURS = LONGEST_TRIED_US / 3_600_000_000
_LONGEST_ASKED_S = 86_400.0
"""That a carrier may ask to be left alone for."""
INTERRUPTED = "the process that was sending it ended before it heard what became of it"


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
