"""Refuses load beyond capacity at once, the least important first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial

from google.protobuf.message import Message

from shared.binding import UNARY_DEADLINE, DeadlineLimits
from shared.call import PRIORITY, Call, Handler, StreamHandler
from shared.errors import DeadlineExceeded, Shed
from shared.middleware.errors import is_own_cancellation
from shared.middleware.shed_log import ShedLog
from shared.overload.limiter import Limiter
from shared.overload.priority import Priority

Prioritise = Callable[[Call, Message], Priority]

_PLACEMENTS_S = 0.1
"""What callers leave who leave it to the servicer."""
_NEARLY_OVER = 0.5
"""Of its time: who leaves earlier did not wait for it."""
OPENING_S = 0.25
"""A stream holds its slot until its first answer, at most so long: it may wait for it for hours."""


_BY_NAME: Mapping[str, Priority] = {priority.value: priority for priority in Priority}


def as_told(call: Call, request: Message) -> Priority:
    """Rank a request as the calling service has ranked what it is made for.

    Who tells nothing, or what is none, is an agent: nobody gets before others by what they tell.
    """
    del request
    return _BY_NAME.get(call.metadata.get(PRIORITY, ""), Priority.AGENT)


def giving_way(*rpcs: str) -> Prioritise:
    """Let these rpcs be refused first: they come by the thousand, and who calls them can wait.

    All others are ranked as told.
    """
    bulk = frozenset(rpcs)

    def prioritise(call: Call, request: Message) -> Priority:
        return Priority.BATCH if call.rpc in bulk else as_told(call, request)

    return prioritise


class Shedding:
    """Admits rpcs through a limiter; health and reflection never come here.

    Callers are told apart by the names that authentication found.
    """

    def __init__(
        self,
        limiter: Limiter,
        prioritise: Prioritise = as_told,
        deadlines: Mapping[str, DeadlineLimits] | None = None,
    ) -> None:
        """Take the deadlines by method path, for callers who set none."""
        self._limiter = limiter
        self._prioritise = prioritise
        self._deadlines = deadlines or {}
        self._log = ShedLog(limiter)

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc if there is room; raises Shed at once if not."""
        priority = self._prioritise(call, request)
        try:
            ticket = self._limiter.admit(priority, call.caller.name)
        except Shed:
            self._log.note(call, priority)
            raise
        told: float | None = None
        # What is left when it is admitted: a caller's own way here is not ours to judge.
        budget_s = self._budget_s(call)
        try:
            response = await following(call.with_priority(priority), request)
            told = budget_s
            return response
        except BaseException as error:
            if _was_late(error, call, budget_s):
                told = budget_s
            raise
        finally:
            ended = partial(self._limiter.ended, ticket, call.method, told, call.waits)
            call.onward.when_over(ended)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream if there is room; raises Shed at once if not."""
        priority, caller = self._prioritise(call, request), call.caller.name
        try:
            self._limiter.open_stream(caller)
        except Shed:
            self._log.note(call, priority)
            raise
        try:
            opening = self._opening(call, priority, caller)
            try:
                ranked = call.with_priority(priority)
                async with aclosing(following(ranked, request)) as responses:
                    async for response in responses:
                        opening.over()
                        yield response
            finally:
                opening.over()
        finally:
            self._limiter.close_stream(caller)

    def _opening(self, call: Call, priority: Priority, caller: str) -> _Opening:
        try:
            return _Opening(self._limiter, priority, caller)
        except Shed:
            self._log.note(call, priority)
            raise

    def _budget_s(self, call: Call) -> float:
        limits = self._deadlines.get(call.method, UNARY_DEADLINE)
        if call.budget is None:
            return limits.default_s or _PLACEMENTS_S
        left_s = call.budget.remaining_s()
        return left_s if limits.maximum_s is None else min(left_s, limits.maximum_s)


class _Opening:
    """The slot that a stream holds while its first answer is made."""

    def __init__(self, limiter: Limiter, priority: Priority, caller: str) -> None:
        """Take a slot; raises Shed when there is none."""
        self._limiter = limiter
        self._ticket = limiter.admit(priority, caller)
        self._is_over = False
        self._alarm = asyncio.get_running_loop().call_later(OPENING_S, self.over)

    def over(self) -> None:
        """Give the slot back, once."""
        if not self._is_over:
            self._is_over = True
            self._alarm.cancel()
            self._limiter.ended(self._ticket)


def _was_late(error: BaseException, call: Call, budget_s: float) -> bool:
    """Say whether its time ended a call; a caller's clock ends it a little before ours does."""
    if isinstance(error, DeadlineExceeded):
        return True
    if call.budget is None or not is_own_cancellation(error):
        return False
    return call.budget.remaining_s() <= _NEARLY_OVER * budget_s
