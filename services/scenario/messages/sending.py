"""Sends one message: allowed in that moment, on the best channel, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from services.scenario.carriers import Carriage
from services.scenario.crashing import Reach
from services.scenario.domain.best_channel import (
    NO_CARRIER,
    NO_CONSENT,
    Choice,
    Habits,
    PassedOver,
    explained,
    hour_said,
    likely_hour_us,
    outdone,
    ranked,
    sifted,
)
from services.scenario.domain.errand_steps import carried, fail, put_off, refused, skip
from services.scenario.domain.errand_store import ErrandWork
from services.scenario.domain.errands import TOO_LATE, Dispatch, State, Step
from services.scenario.domain.outbound import NO_ADDRESS, Composer, Fate, Message, Result
from services.scenario.messages.carrying import Carrying, Ready
from services.scenario.messages.channels import MARKETING, channel_name
from services.scenario.messages.doubting import look_into
from services.scenario.messages.habits import habits_of
from services.scenario.messages.permitting import Full, Permits
from shared.clock import BusinessClock
from shared.errors import LASTING
from shared.replacing import replace
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

NOBODY = "NOBODY"
NOT_IN_FORCE = "NOT_IN_FORCE"
"""Its scenario was taken out of the definitions, or is off for the person."""
LIKELY_HOUR = "LIKELY_HOUR"
"""It waits for an hour in which the person is most likely there."""


InForce = Callable[[str, str], bool]
"""Says whether a scenario is in force for a set of persons, named by the oldest of them."""


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
        self._carrying = Carrying(store, composer, carriages, permits, clock, reach, machine_s)
        self._permits = permits
        self._clock = clock
        self._in_force = in_force

    @property
    def channels(self) -> frozenset[int]:
        """The numbers of the channels that a carrier is set up for."""
        return frozenset(self._carrying.carriages)

    async def next_step(self, dispatch: Dispatch) -> Step | None:
        """Return what becomes of a message; None: it is somebody else's by now.

        Raises the kit's errors where it cannot be known whether it may be sent; then it is as it
        was. What is refused, not just not answered, sets it back.
        """
        try:
            if dispatch.state is State.UNKNOWN:
                return await look_into(self._carrying, dispatch)
            return await self._next_step(dispatch)
        except LASTING as error:
            return refused(dispatch, error.reason, self._clock.now_us())

    async def _next_step(self, dispatch: Dispatch) -> Step | None:
        now_us = self._clock.now_us()
        if dispatch.is_late(now_us):
            held_up = f": {dispatch.obstacle}" if dispatch.obstacle else ""
            return skip(dispatch, f"{TOO_LATE}{held_up}")
        person = await self._permits.person(dispatch.person_id)
        if not person.person_ids:
            return skip(dispatch, NOBODY)
        if dispatch.scenario and not self._in_force(person.person_ids[0], dispatch.scenario):
            return skip(dispatch, NOT_IN_FORCE)
        if not self.channels.intersection(dispatch.order.channels):
            named = ", ".join(map(channel_name, dispatch.order.channels))
            return fail(dispatch, f"no carrier is set up for {named}")
        habits = habits_of(person)
        choices, passed_over = self._weighed(dispatch, person, habits)
        if not choices:
            return skip(_by_none(dispatch, passed_over), NO_CONSENT)
        if len(dispatch.order.channels) > 1 and dispatch.reason != LIKELY_HOUR:
            later_us = likely_hour_us(habits, now_us, dispatch.expires_us)
            if later_us:
                return put_off(dispatch, later_us, LIKELY_HOUR, now_us)
        return await self._by_the_first(dispatch, person, choices, passed_over)

    def _weighed(
        self, dispatch: Dispatch, person: PersonSnapshot, habits: Habits
    ) -> tuple[list[Choice], list[PassedOver]]:
        """Return the channels that it may go by, the best first, and the others."""

        def obstacle(channel: int) -> str:
            if channel not in self._carrying.carriages:
                return NO_CARRIER
            return "" if self._carrying.may_be_sent(dispatch, person, channel) else NO_CONSENT

        channels = dispatch.order.channels
        choices, passed_over = sifted(ranked(channels, habits, channel_name), obstacle)
        if len(channels) > 1 and (hour := hour_said(habits, self._clock.now_us())):
            choices = [replace(each, why=f"{each.why}; {hour}") for each in choices]
        return choices, [*passed_over, *_passed_before(dispatch)]

    async def _by_the_first(
        self,
        dispatch: Dispatch,
        person: PersonSnapshot,
        choices: Sequence[Choice],
        passed_over: list[PassedOver],
    ) -> Step | None:
        """Send it on the first channel that has room for it, or return what becomes of it."""
        full: list[Full] = []
        result = Result(Fate.SKIPPED, NO_ADDRESS)
        for place, choice in enumerate(choices):
            found = await self._composed(dispatch, person, choice)
            if isinstance(found, Ready):
                left_out = (*outdone(choices[place + 1 :]), *passed_over)
                why = explained(choice, left_out, channel_name)
                ready = replace(found, choice=replace(choice, why=why))
                return await self._carrying.carry(replace(dispatch, passed_over=left_out), ready)
            if isinstance(found, Full):
                full.append(found)
            else:
                result = found
                if not (found.fate is Fate.SKIPPED and found.reason == NO_ADDRESS):
                    return carried(dispatch, result, self._clock.now_us())
            passed_over.append(PassedOver(choice.channel, choice.likelihood, found.reason))
        by_none = _by_none(dispatch, passed_over)
        if full:
            first = min(full, key=lambda each: each.free_us)
            return put_off(by_none, first.free_us, first.reason, self._clock.now_us())
        return carried(by_none, result, self._clock.now_us())

    async def _composed(
        self, dispatch: Dispatch, person: PersonSnapshot, choice: Choice
    ) -> Ready | Result | Full:
        """Return the message on a channel, why there is none, or that there is no room for it.

        It is reserved first, and once: what is decided for it takes no contact of its own.
        """
        channel = choice.channel
        policy = dispatch.order.purpose or MARKETING
        contact_id = dispatch.reservation_id(channel)
        full = await self._permits.reserve(contact_id, person, policy, channel)
        if full is not None:
            return full
        composed = await self._carrying.written(dispatch, person, channel)
        if isinstance(composed, Message):
            return Ready(composed, choice, contact_id)
        await self._carrying.release(contact_id)
        return composed


def _passed_before(dispatch: Dispatch) -> list[PassedOver]:
    """Return the channels that were passed over before it became a message: a call."""
    known = dispatch.order.channels
    return [each for each in dispatch.passed_over if each.channel not in known]


def _by_none(dispatch: Dispatch, passed_over: Sequence[PassedOver]) -> Dispatch:
    """Return a message that goes by no channel for now; of several it is said why by none."""
    if len(passed_over) < 2:  # its reason says it
        return dispatch
    said = explained(None, passed_over, channel_name)
    return replace(dispatch, why=said, passed_over=tuple(passed_over))
