"""How much more is asked than admitted, and when whoever was refused should come again."""

from __future__ import annotations

from dataclasses import dataclass

RETRY_S = 0.05
"""Sooner, nothing can have changed."""
_MOST_TIMES = 4.0
"""Those who were told to come later are the load that is left when a spike is over."""


@dataclass(slots=True)
class Pressure:
    """What was admitted and what was refused lately, decayed."""

    admitted: float = 0.0
    refused: float = 0.0

    def decay(self, part: float) -> None:
        """Let what was noted so far count for so much of itself."""
        self.admitted *= part
        self.refused *= part

    def retry_after_s(self, chance: float) -> float:
        """Return the seconds to wait: the longer the more is refused, and never all alike.

        `chance` is drawn evenly from 0 to 1: after a fixed time a crowd would be a crowd again.
        """
        times = min(1.0 + self.refused / max(self.admitted, 1.0), _MOST_TIMES)
        return RETRY_S * times * (1.0 + chance)
