"""Has somebody called back who asked for it: the telephony is told at once, and once."""

from __future__ import annotations

import asyncio

from services.scenario.carriers.telephony import Telephony
from services.scenario.domain.errand_store import ErrandWork
from services.scenario.domain.errands import (
    TOO_LATE,
    Dispatch,
    State,
    Step,
    carried,
    depart,
    fail,
    finish,
    give_up,
)
from services.scenario.domain.journey import RingBack
from services.scenario.domain.outbound import Fate, Result
from shared.clock import BusinessClock
from touchpoint.common.v1.vocabulary_pb2 import Channel

NOT_SET_UP = "no telephony is set up (TOUCHPOINT_CALL_BACK_URL)"
LONGEST_S = 10.0
_LEASE_S = LONGEST_S + 15.0


class Ringer:
    """Takes a claimed call-back as far as it goes."""

    def __init__(
        self, store: ErrandWork, telephony: Telephony | None, clock: BusinessClock
    ) -> None:
        self._store = store
        self._telephony = telephony
        self._clock = clock

    async def next_step(self, dispatch: Dispatch, asked: RingBack) -> Step | None:
        """Return what becomes of it; None: it is somebody else's by now.

        What the telephony may have heard of is never told to it again: two calls are worse than
        none, and the task waits in the queue whatever became of the webhook.
        """
        if dispatch.state is State.UNKNOWN:
            return give_up(dispatch, dispatch.reason)
        if self._telephony is None:
            return fail(dispatch, NOT_SET_UP)
        if dispatch.is_late(self._clock.now_us()):
            return fail(dispatch, dispatch.reason or TOO_LATE)
        leaving = depart(dispatch, Channel.CALL_CENTER, "", "", "", "")
        if not await self._store.keep(leaving, _LEASE_S, None):
            return None
        result = await self._rung(self._telephony, asked, dispatch)
        if result.fate is Fate.UNKNOWN:
            return give_up(leaving.dispatch, result.reason)
        step = carried(leaving.dispatch, result, self._clock.now_us())
        return finish(step.dispatch) if step.dispatch.state is State.SENT else step

    async def _rung(self, telephony: Telephony, asked: RingBack, dispatch: Dispatch) -> Result:
        """Return what the telephony says; whatever goes wrong in it, it may have heard."""
        try:
            async with asyncio.timeout(LONGEST_S):
                return await telephony.ring(asked, dispatch.person_id, dispatch.errand_id)
        except TimeoutError:
            return Result(Fate.UNKNOWN, f"the telephony did not answer in {LONGEST_S:g} s")
        except Exception as error:  # the edge to somebody else's code
            return Result(Fate.UNKNOWN, f"the telephony failed ({type(error).__name__})")
