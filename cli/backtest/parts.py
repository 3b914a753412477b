"""Which parts of a person are made at each moment: all others only where a condition reads them."""

from __future__ import annotations

from collections.abc import Iterable

from services.scenario.domain.scenario import Scenario

_ALWAYS = frozenset({"cart", "attributes"})
"""What journeys take over as they begin, and the time zone."""
OF_MESSAGES = ("consents", "habits")
OF_WHO_ENTERS = ("orders", "segments", "persona")
_SESSION = "session"


def parts_asked(scenarios: Iterable[Scenario]) -> frozenset[str]:
    """Return the names of those parts: what scenarios ask for beside their conditions."""
    parts = set(_ALWAYS)
    for scenario in scenarios:
        looks_back = any(each.propose and each.propose.source for each in scenario.stages)
        if (scenario.when.hesitating and scenario.starts.types) or looks_back:
            parts.add(_SESSION)
    return frozenset(parts)
