"""The attempts that one call may make, for the blocking client and the async one alike."""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable

import grpc

from touchpoint.client.errors import CallError, Throttled
from touchpoint.client.throttling import RetryBudget, Throttle

_MOST_ATTEMPTS = 3
_BACKOFF_S = 0.05
"""Before the second attempt where the edge names no time; doubled before each further one."""
_JITTER = 0.5
"""At most so much is added to a pause: callers refused together do not come again together."""
_USEFUL_S = 0.01
"""With less left of the deadline the edge would be asked for nothing."""


class Manners:
    """What one client learnt of how busy the edge is; safe to share between threads."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take a clock in seconds and a source of numbers from 0 to 1."""
        self.clock = clock
        self.chance = chance
        self._lock = threading.Lock()
        self._budget = RetryBudget()
        self._throttles: defaultdict[Hashable, Throttle] = defaultdict(Throttle)

    def admit(self, kind: Hashable) -> None:
        """Let an attempt of a kind pass or raise Throttled."""
        with self._lock:
            now_s, throttle = self.clock(), self._throttles[kind]
            if self.chance() >= throttle.rejected_share(now_s):
                return
            throttle.count(now_s, accepted=False)
        raise Throttled

    def earn(self) -> None:
        """Count a call that was asked for."""
        with self._lock:
            self._budget.earn()

    def count(self, kind: Hashable, *, accepted: bool) -> None:
        """Take in what the edge did with an attempt."""
        with self._lock:
            self._throttles[kind].count(self.clock(), accepted=accepted)

    def may_retry(self) -> bool:
        """Take a retry out of the budget, if there is one."""
        with self._lock:
            return self._budget.spend()


class Attempts:
    """One call: `next_timeout_s` before each attempt, then `answered` or `pause_s`.

    `kind` is what the edge admits or refuses alike: an rpc, and the channel where that decides.
    A call without a deadline, or one that is not idempotent, has one attempt.
    """

    def __init__(
        self, manners: Manners, kind: Hashable, timeout_s: float | None, *, idempotent: bool
    ) -> None:
        self._manners = manners
        self._kind = kind
        self._idempotent = idempotent
        self._made = 0
        self._ends_s = None if timeout_s is None else manners.clock() + timeout_s
        manners.earn()

    def next_timeout_s(self) -> float | None:
        """Begin an attempt and return what is left of the deadline; raises Throttled.

        Only for the first: a further one is paid for, and comes when the edge asked for it.
        """
        if not self._made:
            self._manners.admit(self._kind)
        self._made += 1
        return self._left_s()

    def answered(self) -> None:
        """Note that the edge took the call."""
        self._manners.count(self._kind, accepted=True)

    def pause_s(self, error: CallError) -> float | None:
        """Note a failed attempt; return how long to wait for another, None where there is none."""
        if not error.is_unreachable:
            self._manners.count(self._kind, accepted=not _refused(error))
        left_s = self._left_s()
        again = self._idempotent and self._made < _MOST_ATTEMPTS and _may_go_better(error)
        if left_s is None or not again:
            return None
        pause_s = error.retry_after_s or _BACKOFF_S * 2 ** (self._made - 1)
        pause_s *= 1.0 + _JITTER * self._manners.chance()
        if left_s - pause_s < _USEFUL_S or not self._manners.may_retry():
            return None
        return pause_s

    def _left_s(self) -> float | None:
        return None if self._ends_s is None else max(0.0, self._ends_s - self._manners.clock())


def _refused(error: CallError) -> bool:
    """Say whether an edge was too busy; what is too large is refused without a time to wait."""
    return error.code is grpc.StatusCode.RESOURCE_EXHAUSTED and error.retry_after_s is not None


def _may_go_better(error: CallError) -> bool:
    return error.code is grpc.StatusCode.UNAVAILABLE or _refused(error)
