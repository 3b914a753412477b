"""Looks into messages in doubt: asks what became of one, or carries it again by its key."""

from __future__ import annotations

import asyncio

from services.scenario.carriers import Carriage
from services.scenario.domain.best_channel import Choice
from services.scenario.domain.errand_steps import answered, doubt, give_up
from services.scenario.domain.errands import Dispatch, Step
from services.scenario.domain.outbound import Fate, Message, Result
from services.scenario.messages.carrying import Carrying, Ready


async def look_into(carrying: Carrying, dispatch: Dispatch) -> Step | None:
    """Return what becomes of a message that may have been sent; None: it is not ours any more."""
    carriage = carrying.carriages.get(dispatch.channel)
    if carriage is None:
        return give_up(dispatch, f"{dispatch.reason}; its carrier is not set up any more")
    if carriage.can_be_asked:
        asked = await _asked(carriage, dispatch.errand_id)
        if asked.fate is not Fate.UNKNOWN:
            if asked.fate is not Fate.SENT:
                await carrying.release(dispatch.contact_id)
            return answered(dispatch, asked, carrying.clock.now_us())
        if not carriage.knows_keys:
            return doubt(dispatch, asked.reason, carrying.clock.now_us())
    if not carriage.knows_keys:
        return give_up(dispatch, dispatch.reason)
    return await _carry_again(carrying, dispatch)


async def _asked(carriage: Carriage, key: str) -> Result:
    try:
        async with asyncio.timeout(carriage.longest_s):
            return await carriage.carrier.ask(key)
    except TimeoutError:
        return Result(Fate.UNKNOWN, "its carrier does not answer")
    except Exception as error:  # the edge to somebody else's code
        return Result(Fate.UNKNOWN, f"its carrier cannot be asked ({type(error).__name__})")


async def _carry_again(carrying: Carrying, dispatch: Dispatch) -> Step | None:
    """Carry it under its key, to one that knows the key, if it still may be."""
    now_us = carrying.clock.now_us()
    if dispatch.is_late(now_us):
        return give_up(dispatch, f"{dispatch.reason}; then it was too late")
    if dispatch.is_spent(now_us):  # its key may be forgotten by now
        return give_up(dispatch, dispatch.reason)
    person = await carrying.permits.person(dispatch.person_id)
    may_be_sent = carrying.may_be_sent
    if not person.person_ids or not may_be_sent(dispatch, person, dispatch.channel):
        return give_up(dispatch, f"{dispatch.reason}; it may not be sent any more")
    composed = await carrying.written(dispatch, person, dispatch.channel)
    if not isinstance(composed, Message) and composed.fate is Fate.LATER:
        return doubt(dispatch, dispatch.reason, now_us)
    if not isinstance(composed, Message):
        return give_up(dispatch, f"{dispatch.reason}; {composed.reason}")
    choice = Choice(dispatch.channel, 0.0, dispatch.why)
    return await carrying.carry(dispatch, Ready(composed, choice, dispatch.contact_id))
