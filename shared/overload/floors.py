"""How long each kind of request takes when hardly anything else is under way."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

_KEPT = 31
_EVERY = 8
"""Times between one reckoning and the next."""


@dataclass(slots=True)
class _Kind:
    times_s: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    noted: int = 0
    floor_s: float = 0.0


@dataclass(slots=True)
class Floors:
    """The median of the latest times of each kind that were taken with little beside.

    A minimum would be that of the cheapest request there ever was, and would never rise when what
    stands behind has become slower for good.
    """

    _kinds: dict[str, _Kind] = field(default_factory=dict)

    def note(self, kind: str, took_s: float) -> None:
        """Take the time of one request that had little beside it."""
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = _Kind()
        found.times_s.append(took_s)
        found.noted += 1
        if found.noted % _EVERY == 0:
            found.floor_s = median(found.times_s)

    def of(self, kind: str) -> float:
        """Return the seconds that a kind takes; 0 while too little is known of it."""
        found = self._kinds.get(kind)
        return 0.0 if found is None else found.floor_s
