"""When to spare an overloaded edge: calls refused here, and few tried again. No clock, no network.

Client-side throttling as in "Site Reliability Engineering" (Beyer et al. 2016), chapter "Handling
Overload", over counts that fade instead of a window of two minutes.
"""

from __future__ import annotations

import math

_ACCEPTS_WEIGHT = 2.0
"""K: as many calls are sent as the edge takes of late, and as many again, to learn when it can."""
_MEMORY_S = 2.5
"""After so long a call counts 1/e. A window of two minutes would still reject a minute after it."""
_MOST_REJECTED = 0.9
"""So that a caller of whom everything was refused learns soon that it no longer is."""
_CALLS_PER_RETRY = 10
_MOST_RETRIES = 10
"""What can be saved up, for calls that fail all at once; there from the start."""


class Throttle:
    """How many of the calls of one kind are rejected here since the edge refuses such calls.

    Nothing is rejected as long as the edge refuses at most half of what it is sent.
    """

    def __init__(self) -> None:
        self._requests = 0.0
        self._accepts = 0.0
        self._as_of_s = 0.0

    def rejected_share(self, now_s: float) -> float:
        """Return the probability with which the next call is rejected, 0 to 0.9."""
        self._fade(now_s)
        surplus = self._requests - _ACCEPTS_WEIGHT * self._accepts
        return min(_MOST_REJECTED, max(0.0, surplus / (self._requests + 1.0)))

    def count(self, now_s: float, *, accepted: bool) -> None:
        """Take in what became of a call: accepted, or refused by the edge or here.

        Calls under way are not counted: many slow ones do not look like refusals.
        """
        self._fade(now_s)
        self._requests += 1.0
        self._accepts += accepted

    def _fade(self, now_s: float) -> None:
        kept = math.exp(min(0.0, self._as_of_s - now_s) / _MEMORY_S)
        self._requests *= kept
        self._accepts *= kept
        self._as_of_s = max(self._as_of_s, now_s)


class RetryBudget:
    """Pays for calls that are tried again: one in ten calls, and ten at once.

    Of `n` calls at most `10 + n / 10` are tried again, whatever happens.
    """

    def __init__(self) -> None:
        self._saved = _MOST_RETRIES * _CALLS_PER_RETRY

    def earn(self) -> None:
        """Count a call that was asked for."""
        self._saved = min(_MOST_RETRIES * _CALLS_PER_RETRY, self._saved + 1)

    def spend(self) -> bool:
        """Take a retry; False where none is left."""
        if self._saved < _CALLS_PER_RETRY:
            return False
        self._saved -= _CALLS_PER_RETRY
        return True
