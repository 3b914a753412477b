"""How long the calls of an rpc took lately, and from when on one of them is late."""

from __future__ import annotations

import math
from itertools import accumulate

SHORTEST_S = 0.0001
STEP = 1.12
"""A quantile is at most this many times too long."""
_BUCKETS = 110
"""Up to 23 s; all that takes longer is in the last."""
_LOG_STEP = math.log(STEP)
_REMEMBERED = 2_000
"""With so many everything counts half, so that what was long ago fades."""
_ENOUGH = 20
"""With fewer nothing is said."""

_USUALLY, _RARELY, _VERY_RARELY, _HARDLY_EVER = 0.5, 0.95, 0.98, 0.99
_TIMES_USUAL = 4.0


class Latencies:
    """A histogram in steps of 12% that forgets."""

    __slots__ = ("_counts", "_total")

    def __init__(self) -> None:
        self._counts = [0.0] * _BUCKETS
        self._total = 0.0

    def add(self, seconds: float) -> None:
        """Count a call."""
        step = 0
        if seconds > SHORTEST_S:
            step = min(_BUCKETS - 1, math.ceil(math.log(seconds / SHORTEST_S) / _LOG_STEP))
        self._counts[step] += 1.0
        self._total += 1.0
        if self._total >= _REMEMBERED:
            self._counts = [count / 2.0 for count in self._counts]
            self._total /= 2.0

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which such a share of the calls ended; None: too few are known.

        Never too short, and at most one step too long.
        """
        if self._total < _ENOUGH:
            return None
        wanted = share * self._total
        steps = enumerate(accumulate(self._counts))
        return next((SHORTEST_S * STEP**step for step, seen in steps if 0.0 < seen >= wanted), None)

    def late_after_s(self) -> float | None:
        """Return the seconds after which a call takes longer than most; None: too few are known.

        Four times the median, if that is between the 95th and the 99th percentile: one in a hundred
        that stalls is just what is to be caught. Where times vary so much that more than five in a
        hundred take longer, it is the 98th, because there may be no more extra calls than that.
        """
        usual, rare = self.quantile(_USUALLY), self.quantile(_RARELY)
        if usual is None or rare is None:
            return None
        if rare > _TIMES_USUAL * usual:
            return self.quantile(_VERY_RARELY)
        return min(_TIMES_USUAL * usual, self.quantile(_HARDLY_EVER) or rare)
