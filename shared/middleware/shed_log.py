"""Tells once a second what was refused: a line for each would be load upon load."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextvars import Context

from shared.call import Call
from shared.logging import get_logger
from shared.overload.limiter import Limiter
from shared.overload.priority import Priority

log = get_logger(__name__)

EVERY_S = 1.0
_MOST_NAMED = 5
_NO_CALL = Context()
"""Where lines are written: not within whichever call came first."""


class ShedLog:
    """Counts what was refused, by priority, rpc and caller."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._priorities: Counter[str] = Counter()
        self._rpcs: Counter[str] = Counter()
        self._callers: Counter[str] = Counter()

    def note(self, call: Call, priority: Priority) -> None:
        """Count one refusal; it is told of within a second."""
        if not self._priorities:
            loop = asyncio.get_running_loop()
            loop.call_later(EVERY_S, self.tell, context=_NO_CALL)
        self._priorities[priority.value] += 1
        self._rpcs[call.rpc] += 1
        self._callers[call.caller.name] += 1

    def tell(self) -> None:
        """Write the line."""
        log.warning(
            "load_shed",
            refused=self._priorities.total(),
            by_priority=dict(self._priorities),
            by_rpc=dict(self._rpcs),
            by_caller=dict(self._callers.most_common(_MOST_NAMED)),
            limit=round(self._limiter.limit.value, 1),
            in_flight=self._limiter.in_flight,
        )
        for counted in (self._priorities, self._rpcs, self._callers):
            counted.clear()
