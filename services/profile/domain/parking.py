"""Events that cannot be folded are parked: kept in the log, not in the state, and tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from services.profile.domain.event import Event
from services.profile.domain.fold import apply, fold
from services.profile.domain.ports import Member, Pack
from services.profile.domain.state import prune

FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What code raises that meets an event it was not made for.

All else is no event's fault: a database that is away, a state written by a later version.
"""
_MANY = 16
"""From so many events on it is cheaper to read first what nearly all of them add to."""
_AT_ONCE = 250
"""Folded before other requests get their turn: about 5 ms."""
_ALONE_AT_ONCE = 20


class Failure(NamedTuple):
    """An event that cannot be folded."""

    place: int
    """Index among the events."""
    reason: str


async def fold_into(
    pack: Pack, member: Member, events: Sequence[Event], now_us: int
) -> Sequence[Failure]:
    """Fold events into a member and pack its state; return those that cannot be folded.

    Nothing of these is in the state, and everything of the others.
    """
    try:
        await _fold(member, events)
        prune(member.state)
        pack(member, now_us)
    except FAULTS:
        member.go_back()
        return await _fold_each_alone(pack, member, events, now_us)
    return ()


async def _fold(member: Member, events: Sequence[Event]) -> None:
    state = member.state
    if len(events) < _MANY:
        for event in events:
            apply(state, event)
        return
    for start in range(0, len(events), _AT_ONCE):
        fold(state, events[start : start + _AT_ONCE])
        await asyncio.sleep(0)


async def _fold_each_alone(
    pack: Pack, member: Member, events: Sequence[Event], now_us: int
) -> Sequence[Failure]:
    failures = []
    for place, event in enumerate(events):
        try:
            apply(member.state, event)
            prune(member.state)
            pack(member, now_us)
        except FAULTS as error:
            failures.append(Failure(place, reason_of(error)))
            member.go_back()
        if place % _ALONE_AT_ONCE == 0:
            await asyncio.sleep(0)
    return failures


def reason_of(error: Exception) -> str:
    """Say what failed and where; never the error's own text, which may quote a person's values."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return type(error).__name__
    code = frame.tb_frame.f_code
    file = PurePath(code.co_filename).name
    return f"{type(error).__name__} in {code.co_name} ({file}, line {frame.tb_lineno})"
