"""The time a call may still take, as a value on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class Split:
    """A budget shared over steps by weight; what one step leaves unspent goes to the later ones."""

    budget: Budget
    weights: Mapping[str, float]
    """Step to weight, in the order in which the steps run."""

    def share(self, step: str, now: float | None = None) -> Budget:
        """Return the share of a step that begins now.

        A step gets what is left at this moment times its weight over the weights of itself and
        all later steps, so the last one gets everything. Raises KeyError for an unknown step.
        """
        weight = self.weights[step]
        steps = list(self.weights)
        ahead = sum(self.weights[later] for later in steps[steps.index(step) :])
        moment = self.budget.monotonic() if now is None else now
        return self.budget.at_most(self.budget.remaining_s(moment) * weight / ahead, moment)


def split(budget: Budget, weights: Mapping[str, float]) -> Split:
    """Share a budget over ordered steps; every weight must be above zero."""
    wrong = [step for step, weight in weights.items() if not weight > 0.0]
    if wrong:
        raise ValueError(f"weights must be above zero: {', '.join(wrong)}")
    return Split(budget, weights)
