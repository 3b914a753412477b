"""When a stream that broke off is asked for again: for the blocking client and the async one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import grpc

from touchpoint.client.errors import CallError

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
"""Pauses double from the first up to this; each is between half of that and all of it. They begin
anew after a stream that stood for as long as this, from its first answer on."""
_BROKEN_OFF = frozenset(
    {grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}
)
"""What the network makes of an edge that goes away; what the edge itself says has a reason."""


class Resuming:
    """One watch: `seen` with each answer, `pause_s` when its stream ended.

    What was never answered is not resumed: a wrong address or key is told at once.
    """

    def __init__(
        self,
        *,
        wanted: bool,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take whether to go on at all, a source of numbers from 0 to 1, and a clock in seconds."""
        self._wanted = wanted
        self._chance = chance
        self._monotonic = monotonic
        self._was_answered = False
        self._answered_s: float | None = None
        self._longest_s = FIRST_PAUSE_S

    def seen(self) -> None:
        """Note an answer of the stream."""
        self._was_answered = True
        if self._answered_s is None:
            self._answered_s = self._monotonic()

    def pause_s(self, error: CallError | None) -> float | None:
        """Return how long to wait before the stream is asked for again, None where it is not.

        No error: the edge ended it in order, as it does where it is about to go.
        """
        if not self._wanted or not self._was_answered or not (error is None or _may_return(error)):
            return None
        # An edge that answers and ends each stream at once is not asked in a rush for ever.
        if self._answered_s is not None:
            if self._monotonic() - self._answered_s >= LONGEST_PAUSE_S:
                self._longest_s = FIRST_PAUSE_S
            self._answered_s = None
        pause_s = self._longest_s * (0.5 + 0.5 * self._chance())
        self._longest_s = min(2.0 * self._longest_s, LONGEST_PAUSE_S)
        named_s = error.retry_after_s if error is not None else None
        return max(pause_s, named_s or 0.0)


def _may_return(error: CallError) -> bool:
    if error.code is grpc.StatusCode.UNAVAILABLE:
        return True
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return error.retry_after_s is not None
    return error.code in _BROKEN_OFF and not error.reason
