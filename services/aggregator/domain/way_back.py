"""The part of a caller's deadline that is kept for assembling an answer and for the way back."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from shared.budget import Budget

SHARE: Final = 0.1
LEAST_S, MOST_S = 0.004, 0.010
"""Between which the share lies while nothing says that it takes longer."""
LATE_S: Final = 0.003
"""So late a native timeout may fire, which the last step is ended by."""
RETURN_S: Final = 0.004
"""For writing the answer, and from the edge to a caller near by."""
LARGEST_SHARE: Final = 0.4
"""Of a deadline: with less left for the steps there would be little to assemble."""

_KEPT, _EVERY = 100, 10
"""Answers that are looked at, and how many come between one look and the next."""
_QUANTILE: Final = 0.95


class WayBack:
    """Learns from the latest answers how long they take when the steps are at an end.

    On a busy machine that is many times what it is on an idle one; an answer put into words too
    late is as lost as none.
    """

    def __init__(self) -> None:
        self._took_s: deque[float] = deque(maxlen=_KEPT)
        self._noted = 0
        self._learned_s = 0.0

    def margin_s(self, budget_s: float) -> float:
        """Return the seconds to keep back of a budget."""
        usual_s = min(MOST_S, max(LEAST_S, budget_s * SHARE))
        return max(usual_s, min(self._learned_s, budget_s * LARGEST_SHARE))

    def note(self, budget: Budget, assembling_s: float) -> None:
        """Hear of an answer that is ready now: what its steps had, and how long it took beside."""
        overran_s = budget.monotonic() - assembling_s - budget.deadline
        self._took_s.append(max(overran_s, LATE_S) + assembling_s)
        self._noted += 1
        if self._noted % _EVERY == 0 and len(self._took_s) == _KEPT:
            took_s = sorted(self._took_s)
            self._learned_s = RETURN_S + took_s[math.ceil(_QUANTILE * _KEPT) - 1]
