"""Writes one message and hands it over: at most once, and only while it may be sent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.scenario.carriers import Carriage
from services.scenario.crashing import Reach
from services.scenario.domain.best_channel import NO_CONSENT, Choice
from services.scenario.domain.errand_steps import carried, depart, give_up, skip
from services.scenario.domain.errand_store import ErrandWork
from services.scenario.domain.errands import Dispatch, State, Step
from services.scenario.domain.outbound import Composer, Fate, Message, Result
from services.scenario.messages.channels import MARKETING
from services.scenario.messages.permitting import Permits
from services.scenario.people import cart_of
from shared.clock import BusinessClock
from shared.errors import LASTING, TouchpointError
from shared.refusals import may_be_written_to
from shared.replacing import replace
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_LONGEST_WRITING_S = 15.0
_MARGIN_S = 15.0
"""Of a lease beyond what carrying may take."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that may leave the house now."""

    message: Message
    choice: Choice
    contact_id: str


class Carrying:
    """Brings messages out of the house; what a step returns is for the store to keep."""

    def __init__(
        self,
        store: ErrandWork,
        composer: Composer,
        carriages: Mapping[int, Carriage],
        permits: Permits,
        clock: BusinessClock,
        reach: Reach = lambda _: None,
        machine_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.carriages = carriages
        self.permits = permits
        self.clock = clock
        self._store = store
        self._composer = composer
        self._reach = reach
        self._machine_s = machine_s

    def may_be_sent(self, dispatch: Dispatch, person: PersonSnapshot, channel: int) -> bool:
        """Say whether a message may be sent to its person on a channel, as they are."""
        purpose = dispatch.order.purpose or MARKETING
        return may_be_written_to(person, purpose, channel)  # type: ignore[arg-type]

    async def written(
        self, dispatch: Dispatch, person: PersonSnapshot, channel: int
    ) -> Message | Result:
        """Return the message, or why there is none; written while its lease lasts, or later."""
        draft = replace(
            dispatch.draft,
            oldest_id=person.person_ids[0],
            time_zone=person.time_zone,
            cart=cart_of(person),
        )
        try:
            async with asyncio.timeout(_LONGEST_WRITING_S):
                return await self._composer.compose(draft, channel)
        except TimeoutError:
            return Result(Fate.LATER, f"it was not written within {_LONGEST_WRITING_S:g} s")
        except LASTING as error:
            return Result(Fate.LATER, f"refused: {error.reason}")

    async def carry(self, dispatch: Dispatch, ready: Ready) -> Step | None:
        """Hand a message over, once it is committed that this is being done; None: it is not ours.

        Who took their consent back while it was written is not written to.
        """
        person = await self.permits.person(dispatch.person_id)
        if not person.person_ids or not self.may_be_sent(dispatch, person, ready.choice.channel):
            return await self._refused(dispatch, ready.contact_id)
        carriage = self.carriages[ready.choice.channel]
        offers = ready.message.offer_ids
        leaving = depart(
            dispatch,
            ready.choice.channel,
            ready.choice.why,
            ready.contact_id,
            ready.message.decision_id,
            offers[0] if len(offers) == 1 else "",
            self.clock.now_us(),
        )
        lease_s = carriage.longest_s + _MARGIN_S
        began_s = self._machine_s()
        if not await self._store.keep(leaving, lease_s, None):
            return None
        self._reach("before_carrying")
        # Frozen meanwhile for as long as the lease, somebody else may be about it by now.
        if self._machine_s() - began_s > _MARGIN_S:
            return None
        result = await _taken(carriage, ready.message, dispatch.errand_id)
        self._reach("after_carrying")
        step = carried(leaving.dispatch, result, self.clock.now_us())
        if step.dispatch.state in (State.WAITING, State.FAILED, State.SKIPPED):
            await self.release(ready.contact_id)
        return step

    async def release(self, contact_id: str) -> None:
        """Give back the contact of a message that was not sent."""
        if contact_id:
            with contextlib.suppress(TouchpointError):  # it is free by itself after a while
                await self.permits.release(contact_id)

    async def _refused(self, dispatch: Dispatch, contact_id: str) -> Step:
        """Return what becomes of one that may not be sent any more; of one in doubt it may be."""
        if dispatch.doubts:
            return give_up(dispatch, f"{dispatch.reason}; it may not be sent any more")
        await self.release(contact_id)
        return skip(dispatch, NO_CONSENT)


async def _taken(carriage: Carriage, message: Message, key: str) -> Result:
    """Return what the carrier says; whatever goes wrong in it, the message may be out."""
    try:
        async with asyncio.timeout(carriage.longest_s):
            return await carriage.carrier.carry(message, key)
    except TimeoutError:
        return Result(Fate.UNKNOWN, f"its carrier did not answer in {carriage.longest_s:g} s")
    except Exception as error:  # the edge to somebody else's code: it may have been sent
        return Result(Fate.UNKNOWN, f"its carrier failed ({type(error).__name__})")
