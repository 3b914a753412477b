"""The steps of a decision, how the budget is shared over them, and the record of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from shared.budget import Budget, split


class Step(Enum):
    """One call of the pipeline, named as `timings` names it."""

    PROFILE = "profile"
    SCENARIO = "scenario"
    RETRIEVAL = "retrieval"
    CHECK = "rules.Check"
    RANK = "ranker"
    COMMIT = "rules.Commit"

    @property
    def service(self) -> str:
        """The service that `degraded` names."""
        return self.value.partition(".")[0]


class Outcome(Enum):
    """How a step ended."""

    OK = "OK"
    TIMEOUT = "TIMEOUT"
    UNAVAILABLE = "UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    NO_BUDGET = "NO_BUDGET"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"

    @property
    def degrades(self) -> bool:
        """Whether a fallback took the place of an answer that was wanted."""
        return self not in (Outcome.OK, Outcome.SKIPPED)


STAGE_OF: Mapping[Step, str] = {
    Step.PROFILE: "profile",
    # Asked at the same time, so they spend the same share.
    Step.SCENARIO: "sources",
    Step.RETRIEVAL: "sources",
    Step.CHECK: "check",
    Step.RANK: "rank",
    Step.COMMIT: "commit",
}

WEIGHTS: Mapping[str, float] = {
    "profile": 2.0,  # one indexed read
    "sources": 3.0,  # all sources of candidates
    "check": 3.0,  # one read, and the only step without an open fallback
    "rank": 2.0,  # computes, reads nothing
    "commit": 3.0,  # one transaction that waits for the disk
}
"""Stage to weight, in the order in which they run."""

LEAST_CALL_S = 0.001
"""A hop costs about half of this; with less left the answer could not come back in time."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step was given and what it took."""

    step: Step
    budget_s: float
    spent_s: float
    outcome: Outcome


class StepPlan:
    """Hands each step its share; what one leaves unspent goes to the later ones."""

    __slots__ = ("_split",)

    def __init__(self, budget: Budget, weights: Mapping[str, float] = WEIGHTS) -> None:
        self._split = split(budget, weights)

    def share_s(self, step: Step) -> float:
        """Return the seconds a step that begins now may take; 0: it must not begin."""
        share_s = self._split.share(STAGE_OF[step]).remaining_s()
        return share_s if share_s >= LEAST_CALL_S else 0.0


@dataclass(frozen=True, slots=True)
class WayBack:
    """The part of a caller's deadline that is kept for assembling and for the way back."""

    share: float = 0.1
    least_s: float = 0.004
    """A native timeout fires up to 3 ms late."""
    most_s: float = 0.010

    def margin_s(self, budget_s: float) -> float:
        """Return the seconds to keep back of a budget."""
        return min(self.most_s, max(self.least_s, budget_s * self.share))
