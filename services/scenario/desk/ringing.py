"""Connects who asked for an agent: the telephony, or the chat system, is told at once, and once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from services.scenario.carriers.telephony import Callee, Telephony
from services.scenario.domain.effects import RingBack
from services.scenario.domain.errand_steps import cancel, carried, depart, fail, finish, give_up
from services.scenario.domain.errand_store import ErrandWork
from services.scenario.domain.errands import TOO_LATE, Dispatch, State, Step
from services.scenario.domain.outbound import Fate, Result
from services.scenario.domain.task_kinds import BY_TELEPHONE, TaskKind, kind_of
from shared.call import Caller, own_call
from shared.client import invoke
from shared.clock import BusinessClock
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import ReachPersonRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

TAKEN = "somebody took the task already"
LONGEST_S = 10.0
_MARGIN_S = 15.0
_LEASE_S = LONGEST_S + _MARGIN_S
_TIMEOUT_S = 0.3
"""Of asking for the number: whoever asked to be called waits."""
_SELF = Caller("scenario")
_REACH = "/touchpoint.profile.v1.ProfileService/ReachPerson"
log = get_logger(__name__)


class Numbers(Protocol):
    """By which numbers people are called."""

    async def of(self, person_id: str) -> str:
        """Return a number in E.164, empty where none is known. Raises the kit's errors."""
        ...


class ProfileNumbers:
    """The numbers that profile knows; it writes down who asked."""

    def __init__(self, profile: ProfileServiceAsyncStub) -> None:
        self._profile = profile

    async def of(self, person_id: str) -> str:
        request = ReachPersonRequest(person_id=person_id, channel=Channel.SMS)
        call = own_call(_REACH, caller=_SELF)
        answer = await invoke(self._profile.ReachPerson, request, call, _TIMEOUT_S)
        return answer.address


class Ringer:
    """Takes a claimed call-back or chat as far as it goes; who is told is named by kind of task."""

    def __init__(
        self,
        store: ErrandWork,
        telephony: Mapping[str, Telephony],
        clock: BusinessClock,
        numbers: Numbers | None = None,
        machine_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._telephony = telephony
        self._clock = clock
        self._numbers = numbers
        self._machine_s = machine_s

    async def next_step(self, dispatch: Dispatch, asked: RingBack) -> Step | None:
        """Return what becomes of it; None: it is somebody else's by now.

        What they may have heard of is never told again: two calls are worse than none, and the
        task waits in the queue whatever became of the webhook.
        """
        if dispatch.state is State.UNKNOWN:
            return give_up(dispatch, dispatch.reason)
        kind = kind_of(asked.kind)
        telephony = self._telephony.get(kind.name)
        if telephony is None:
            return fail(dispatch, f"no {kind.told} is set up ({kind.address_setting})")
        if dispatch.is_late(self._clock.now_us()):
            return fail(dispatch, dispatch.reason or TOO_LATE)
        again = dispatch.setbacks > 0
        if not await self._store.needs_call(asked.task_id, self._clock.now_us(), again=again):
            return cancel(dispatch, TAKEN)
        callee = Callee(dispatch.person_id, await self._number(kind, dispatch.person_id))
        leaving = depart(dispatch, kind.channel, "", "", "", "", self._clock.now_us())
        began_s = self._machine_s()
        if not await self._store.keep(leaving, _LEASE_S, None):
            return None
        # Frozen meanwhile for as long as the lease, somebody else may have given it up by now.
        if self._machine_s() - began_s > _MARGIN_S:
            return None
        result = await self._rung(telephony, asked, callee, dispatch.errand_id)
        if result.fate is Fate.UNKNOWN:
            return give_up(leaving.dispatch, result.reason)
        step = carried(leaving.dispatch, result, self._clock.now_us())
        return finish(step.dispatch) if step.dispatch.state is State.SENT else step

    async def _number(self, kind: TaskKind, person_id: str) -> str:
        """Return the number to call; the telephony hears also where nobody can say it now."""
        if self._numbers is None or kind.channel != BY_TELEPHONE:
            return ""
        try:
            return await self._numbers.of(person_id)
        except TouchpointError as error:
            log.warning("number_not_known", reason=error.reason)
            return ""

    async def _rung(
        self, telephony: Telephony, asked: RingBack, callee: Callee, key: str
    ) -> Result:
        """Return what it says; whatever goes wrong in it, it may have heard."""
        who = kind_of(asked.kind).told
        try:
            async with asyncio.timeout(LONGEST_S):
                return await telephony.ring(asked, callee, key)
        except TimeoutError:
            return Result(Fate.UNKNOWN, f"the {who} did not answer in {LONGEST_S:g} s")
        except Exception as error:  # the edge to somebody else's code
            return Result(Fate.UNKNOWN, f"the {who} failed ({type(error).__name__})")
