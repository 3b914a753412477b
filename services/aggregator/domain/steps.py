"""The steps of a decision, how the budget is shared over them, and the record of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from shared.budget import Budget


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
    MODEL_STALE = "MODEL_STALE"
    """It answered, by what it knew some time ago."""
    SKIPPED = "SKIPPED"

    @property
    def degrades(self) -> bool:
        """Whether a fallback, or an answer out of date, took the place of what was wanted."""
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
    "profile": 8.0,
    "sources": 6.0,
    "check": 4.0,
    "rank": 2.0,
    "commit": 3.0,
}
"""Stage to weight, in the order in which they run.

Each may so take about 0.4 of what is left, the last everything. Steps take a few milliseconds and
hand on the rest, so that equal weights would leave the first ones, which are the likeliest to wait
on a busy machine, with the least time.
"""

LEAST_CALL_S = 0.001
"""A hop costs about half of this; with less left the answer could not come back in time."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step was given and what it took."""

    step: Step
    budget_s: float
    spent_s: float
    outcome: Outcome


def fractions(weights: Mapping[str, float]) -> Mapping[str, float]:
    """Return the part that each stage gets of what is left when it begins.

    That is its weight over its own and all later ones; the last gets everything.
    """
    ahead, parts = 0.0, {}
    for stage, weight in reversed(list(weights.items())):
        ahead += weight
        parts[stage] = weight / ahead
    return parts


FRACTION_OF: Mapping[Step, float] = {
    step: fractions(WEIGHTS)[stage] for step, stage in STAGE_OF.items()
}


def share_s(budget: Budget, step: Step) -> float:
    """Return the seconds a step that begins now may take; 0: it must not begin.

    What one step leaves unspent goes to the later ones.
    """
    share = budget.remaining_s() * FRACTION_OF[step]
    return share if share >= LEAST_CALL_S else 0.0
