"""Sends one message: allowed in that moment, on the best channel, once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.scenario.carriers import Carriage
from services.scenario.crashing import Reach
from services.scenario.domain.best_channel import Choice, hour_said, likely_hour_us, ranked
from services.scenario.domain.errand_store import ErrandWork
from services.scenario.domain.errands import (
    TOO_LATE,
    Dispatch,
    State,
    Step,
    answered,
    carried,
    depart,
    doubt,
    fail,
    give_up,
    put_off,
    refused,
    skip,
)
from services.scenario.domain.outbound import NO_ADDRESS, Composer, Fate, Message, Result
from services.scenario.messages.habits import habits_of
from services.scenario.messages.permitting import Full, Permits
from shared.clock import BusinessClock
from shared.errors import LASTING, TouchpointError
from shared.refusals import may_be_written_to
from shared.replacing import replace
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

MARKETING = "marketing"
NOBODY = "NOBODY"
NO_CONSENT = "NO_CONSENT"
NOT_IN_FORCE = "NOT_IN_FORCE"
"""Its scenario was taken out of the definitions, or is off for the person."""
LIKELY_HOUR = "LIKELY_HOUR"
"""It waits for an hour in which the person is most likely there."""
_LONGEST_WRITING_S = 15.0
_MARGIN_S = 15.0
"""Of a lease beyond what carrying may take."""


InForce = Callable[[str, str], bool]
"""Says whether a scenario is in force for a set of persons, named by the oldest of them."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message that may leave the house now."""

    message: Message
    choice: Choice
    contact_id: str


class Sender:
    """Takes a claimed message as far as it goes; what it returns is for the store to keep."""

    def __init__(
        self,
        store: ErrandWork,
        composer: Composer,
        carriages: Mapping[int, Carriage],
        permits: Permits,
        clock: BusinessClock,
        reach: Reach = lambda _: None,
        in_force: InForce = lambda person_id, scenario: True,
        machine_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._composer = composer
        self._carriages = carriages
        self._permits = permits
        self._clock = clock
        self._reach = reach
        self._in_force = in_force
        self._machine_s = machine_s

    @property
    def channels(self) -> frozenset[int]:
        """The numbers of the channels that a carrier is set up for."""
        return frozenset(self._carriages)

    async def next_step(self, dispatch: Dispatch) -> Step | None:
        """Return what becomes of a message; None: it is somebody else's by now.

        Raises the kit's errors where it cannot be known whether it may be sent; then it is as it
        was. What is refused, not just not answered, sets it back.
        """
        try:
            return await self._next_step(dispatch)
        except LASTING as error:
            return refused(dispatch, error.reason, self._clock.now_us())

    async def _next_step(self, dispatch: Dispatch) -> Step | None:
        if dispatch.state is State.UNKNOWN:
            return await self._look_into(dispatch)
        now_us = self._clock.now_us()
        if dispatch.is_late(now_us):
            held_up = f": {dispatch.obstacle}" if dispatch.obstacle else ""
            return skip(dispatch, f"{TOO_LATE}{held_up}")
        person = await self._permits.person(dispatch.person_id)
        if not person.person_ids:
            return skip(dispatch, NOBODY)
        if dispatch.scenario and not self._in_force(person.person_ids[0], dispatch.scenario):
            return skip(dispatch, NOT_IN_FORCE)
        channels = [each for each in dispatch.order.channels if each in self._carriages]
        if not channels:
            named = ", ".join(map(channel_name, dispatch.order.channels))
            return fail(dispatch, f"no carrier is set up for {named}")
        allowed = [each for each in channels if _may_be_sent(dispatch, person, each)]
        if not allowed:
            return skip(dispatch, NO_CONSENT)
        habits = habits_of(person)
        if len(dispatch.order.channels) > 1 and dispatch.reason != LIKELY_HOUR:
            later_us = likely_hour_us(habits, now_us, dispatch.expires_us)
            if later_us:
                return put_off(dispatch, later_us, LIKELY_HOUR, now_us)
        choices = ranked(allowed, habits, channel_name)
        if len(dispatch.order.channels) > 1 and (hour := hour_said(habits, now_us)):
            choices = [replace(each, why=f"{each.why}; {hour}") for each in choices]
        found = await self._ready(dispatch, person, choices)
        return found if isinstance(found, Step) else await self._carry(dispatch, found)

    async def _ready(
        self, dispatch: Dispatch, person: PersonSnapshot, choices: list[Choice]
    ) -> _Ready | Step:
        """Return the message on the first channel that has room for it, or what becomes of it."""
        full: list[Full] = []
        result = Result(Fate.SKIPPED, NO_ADDRESS)
        for choice in choices:
            found = await self._composed(dispatch, person, choice)
            if isinstance(found, _Ready):
                return found
            if isinstance(found, Full):
                full.append(found)
                continue
            result = found
            if not (found.fate is Fate.SKIPPED and found.reason == NO_ADDRESS):
                break
        if full and result.reason == NO_ADDRESS:
            first = min(full, key=lambda each: each.free_us)
            return put_off(dispatch, first.free_us, first.reason, self._clock.now_us())
        return carried(dispatch, result, self._clock.now_us())

    async def _composed(
        self, dispatch: Dispatch, person: PersonSnapshot, choice: Choice
    ) -> _Ready | Result | Full:
        """Return the message on a channel, why there is none, or that there is no room for it.

        It is reserved first, and once: what is decided for it takes no contact of its own.
        """
        channel = choice.channel
        policy = dispatch.order.purpose or MARKETING
        contact_id = dispatch.reservation_id(channel)
        full = await self._permits.reserve(contact_id, person, policy, channel)
        if full is not None:
            return full
        composed = await self._written(dispatch, person, channel)
        if isinstance(composed, Message):
            return _Ready(composed, choice, contact_id)
        await self._release(contact_id)
        return composed

    async def _written(
        self, dispatch: Dispatch, person: PersonSnapshot, channel: int
    ) -> Message | Result:
        """Return the message, or why there is none; written while its lease lasts, or later."""
        draft = replace(dispatch.draft, oldest_id=person.person_ids[0], time_zone=person.time_zone)
        try:
            async with asyncio.timeout(_LONGEST_WRITING_S):
                return await self._composer.compose(draft, channel)
        except TimeoutError:
            return Result(Fate.LATER, f"it was not written within {_LONGEST_WRITING_S:g} s")
        except LASTING as error:
            return Result(Fate.LATER, f"refused: {error.reason}")

    async def _carry(self, dispatch: Dispatch, ready: _Ready) -> Step | None:
        """Hand a message over, once it is committed that this is being done.

        Who took their consent back while it was written is not written to.
        """
        person = await self._permits.person(dispatch.person_id)
        if not person.person_ids or not _may_be_sent(dispatch, person, ready.choice.channel):
            return await self._refused(dispatch, ready.contact_id)
        carriage = self._carriages[ready.choice.channel]
        offers = ready.message.offer_ids
        leaving = depart(
            dispatch,
            ready.choice.channel,
            ready.choice.why,
            ready.contact_id,
            ready.message.decision_id,
            offers[0] if len(offers) == 1 else "",
            self._clock.now_us(),
        )
        lease_s = carriage.longest_s + _MARGIN_S
        began_s = self._machine_s()
        if not await self._store.keep(leaving, lease_s, None):
            return None
        self._reach("before_carrying")
        # Frozen meanwhile for as long as the lease, somebody else may be about it by now.
        if self._machine_s() - began_s > _MARGIN_S:
            return None
        result = await self._carried(carriage, ready.message, dispatch.errand_id)
        self._reach("after_carrying")
        step = carried(leaving.dispatch, result, self._clock.now_us())
        if step.dispatch.state in (State.WAITING, State.FAILED, State.SKIPPED):
            await self._release(ready.contact_id)
        return step

    async def _refused(self, dispatch: Dispatch, contact_id: str) -> Step:
        """Return what becomes of one that may not be sent any more; of one in doubt it may be."""
        if dispatch.doubts:
            return give_up(dispatch, f"{dispatch.reason}; it may not be sent any more")
        await self._release(contact_id)
        return skip(dispatch, NO_CONSENT)

    async def _carried(self, carriage: Carriage, message: Message, key: str) -> Result:
        """Return what the carrier says; whatever goes wrong in it, the message may be out."""
        try:
            async with asyncio.timeout(carriage.longest_s):
                return await carriage.carrier.carry(message, key)
        except TimeoutError:
            return Result(Fate.UNKNOWN, f"its carrier did not answer in {carriage.longest_s:g} s")
        except Exception as error:  # the edge to somebody else's code: it may have been sent
            return Result(Fate.UNKNOWN, f"its carrier failed ({type(error).__name__})")

    async def _look_into(self, dispatch: Dispatch) -> Step | None:
        """Find out what became of a message in doubt, or carry it again by its key."""
        carriage = self._carriages.get(dispatch.channel)
        if carriage is None:
            return give_up(dispatch, f"{dispatch.reason}; its carrier is not set up any more")
        if carriage.can_be_asked:
            asked = await self._asked(carriage, dispatch.errand_id)
            if asked.fate is not Fate.UNKNOWN:
                if asked.fate is not Fate.SENT:
                    await self._release(dispatch.contact_id)
                return answered(dispatch, asked, self._clock.now_us())
            if not carriage.knows_keys:
                return doubt(dispatch, asked.reason, self._clock.now_us())
        if not carriage.knows_keys:
            return give_up(dispatch, dispatch.reason)
        return await self._carry_again(dispatch)

    async def _asked(self, carriage: Carriage, key: str) -> Result:
        try:
            async with asyncio.timeout(carriage.longest_s):
                return await carriage.carrier.ask(key)
        except TimeoutError:
            return Result(Fate.UNKNOWN, "its carrier does not answer")
        except Exception as error:  # the edge to somebody else's code
            return Result(Fate.UNKNOWN, f"its carrier cannot be asked ({type(error).__name__})")

    async def _carry_again(self, dispatch: Dispatch) -> Step | None:
        """Carry it under its key, to one that knows the key, if it still may be."""
        now_us = self._clock.now_us()
        if dispatch.is_late(now_us):
            return give_up(dispatch, f"{dispatch.reason}; then it was too late")
        if dispatch.is_spent(now_us):  # its key may be forgotten by now
            return give_up(dispatch, dispatch.reason)
        person = await self._permits.person(dispatch.person_id)
        if not person.person_ids or not _may_be_sent(dispatch, person, dispatch.channel):
            return give_up(dispatch, f"{dispatch.reason}; it may not be sent any more")
        composed = await self._written(dispatch, person, dispatch.channel)
        if not isinstance(composed, Message) and composed.fate is Fate.LATER:
            return doubt(dispatch, dispatch.reason, now_us)
        if not isinstance(composed, Message):
            return give_up(dispatch, f"{dispatch.reason}; {composed.reason}")
        choice = Choice(dispatch.channel, 0.0, dispatch.why)
        return await self._carry(dispatch, _Ready(composed, choice, dispatch.contact_id))

    async def _release(self, contact_id: str) -> None:
        if contact_id:
            with contextlib.suppress(TouchpointError):  # it is free by itself after a while
                await self._permits.release(contact_id)


def _may_be_sent(dispatch: Dispatch, person: PersonSnapshot, channel: int) -> bool:
    return may_be_written_to(person, dispatch.order.purpose or MARKETING, channel)  # type: ignore[arg-type]


def channel_name(channel: int) -> str:
    """Return the name of a channel by its number."""
    return Channel.Value.Name(channel)  # type: ignore[arg-type]
