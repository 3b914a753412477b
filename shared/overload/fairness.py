"""Which callers ask for more than their fair share of what is admitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.overload.priority import Priority

_MOST_CALLERS = 1000
_OTHERS = "other callers"
_GONE = 0.05
"""Requests of a caller, decayed, below which it is forgotten."""
_CLEARLY = 1.1
"""Times the fair share that a caller may ask for and still be within it: arrivals are random."""


@dataclass(slots=True)
class _Class:
    """What was asked and admitted at one priority, decayed."""

    asked: dict[str, float] = field(default_factory=dict)
    admitted: float = 0.0


@dataclass(slots=True)
class Fairness:
    """Max-min fairness within a priority: who asks for less than an equal share gets all of it."""

    _classes: dict[Priority, _Class] = field(default_factory=dict)
    _over: frozenset[tuple[Priority, str]] = frozenset()

    def asked(self, priority: Priority, caller: str) -> None:
        """Note one request, admitted or not."""
        found = self._classes.get(priority)
        if found is None:
            found = self._classes[priority] = _Class()
        if caller not in found.asked and len(found.asked) >= _MOST_CALLERS:
            caller = _OTHERS
        found.asked[caller] = found.asked.get(caller, 0.0) + 1.0

    def admitted(self, priority: Priority) -> None:
        """Note that the one just noted was admitted."""
        self._classes[priority].admitted += 1.0

    def is_over(self, priority: Priority, caller: str) -> bool:
        """Say whether a caller asks for clearly more than its share while others get less."""
        return (priority, caller) in self._over

    def decay(self, part: float) -> None:
        """Let what was noted so far count for so much of itself, and judge the callers anew."""
        over: set[tuple[Priority, str]] = set()
        for priority, found in self._classes.items():
            found.admitted *= part
            found.asked = {
                name: asked * part for name, asked in found.asked.items() if asked * part > _GONE
            }
            level = _CLEARLY * fair_level(found.asked, found.admitted)
            if len(found.asked) > 1:
                over |= {(priority, name) for name, asked in found.asked.items() if asked > level}
        self._over = frozenset(over)


def fair_level(asked: Mapping[str, float], admitted: float) -> float:
    """Return what each may have so that all together have what is admitted (water-filling)."""
    level, left = 0.0, admitted
    ascending = sorted(asked.values())
    for place, each in enumerate(ascending):
        level = left / (len(ascending) - place)
        if each > level:
            return level
        left -= each
    return ascending[-1] if ascending else level
