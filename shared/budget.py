"""The time a call may still take, as a value on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Budget:
    """A point on the monotonic clock after which an answer is worth nothing.

    It is made once where a request enters and handed down; every outgoing call takes what is
    left of it as its own native timeout (grpc.aio does not propagate deadlines by itself).
    """

    deadline: float
    monotonic: Monotonic = field(default=time.monotonic, compare=False, repr=False)

    @classmethod
    def of(
        cls, seconds: float, now: float | None = None, monotonic: Monotonic = time.monotonic
    ) -> Budget:
        """Return a budget of so many seconds from now."""
        return cls((monotonic() if now is None else now) + seconds, monotonic)

    def remaining_s(self, now: float | None = None) -> float:
        """Return the seconds left, never below zero."""
        left = self.deadline - (self.monotonic() if now is None else now)
        return left if left > 0.0 else 0.0

    def expired(self, now: float | None = None) -> bool:
        """Say whether nothing is left."""
        return self.remaining_s(now) <= 0.0

    def less(self, margin_s: float) -> Budget:
        """Return this budget ending a margin earlier, kept back for the way home."""
        return Budget(self.deadline - margin_s, self.monotonic)

    def at_most(self, seconds: float, now: float | None = None) -> Budget:
        """Return the shorter of this budget and so many seconds from now."""
        latest = (self.monotonic() if now is None else now) + seconds
        return self if self.deadline <= latest else Budget(latest, self.monotonic)
