"""What traffic came to: every round, those who are held out, and whether acceptance climbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from demo.traffic.tally import SURE, Climb, Tally, Visit, climb, rounds, tally


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one run."""

    rounds: list[Tally]
    """Of personalised shoppers."""
    held_out: Tally
    """Of everybody else, over all rounds."""
    climb: Climb | None
    """None: there were too few shoppers to say."""
    degraded: int
    """Decisions of which a part did not answer in time."""

    @classmethod
    def of(cls, visits: Sequence[Visit]) -> Report:
        try:
            found: Climb | None = climb(visits)
        except ValueError:
            found = None
        held_out = tally(visit for visit in visits if not visit.is_personal)
        degraded = sum(page.degraded for visit in visits for page in visit.pages)
        return cls(rounds(visits), held_out, found, degraded)

    def as_json(self) -> dict[str, Any]:
        """Return all figures by name; shares between 0 and 1."""
        return {
            "rounds": [_figures(each) for each in self.rounds],
            "held_out": _figures(self.held_out),
            "climb": self.climb and asdict(self.climb) | {"has_climbed": self.climb.has_climbed},
            "degraded": self.degraded,
        }


def verdict(found: Climb | None) -> str:
    """Say in a sentence whether acceptance climbed."""
    if found is None:
        return "Too few shoppers to say whether acceptance climbs: give more --shoppers."
    way = f"from {found.before:.1%} to {found.after:.1%}"
    if found.has_climbed:
        return f"Acceptance climbed {way}, {found.after / found.before:.1f} times as much."
    chance = f"± {SURE * found.error:.1%}"
    if found.has_fallen:
        return f"No climb: expected acceptance fell {way}, more than chance alone does ({chance})."
    return f"No climb: expected acceptance went {way}, which chance alone would do ({chance})."


def _figures(found: Tally) -> dict[str, Any]:
    return asdict(found) | {"acceptance": found.acceptance}
