"""The experiments of a bundle, as far as it takes to say who is in which variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from shared.arm_shares import arms
from touchpoint.common.v1.decision_pb2 import VariantOf
from touchpoint.profile.v1.profile_pb2 import ArmPlan

if TYPE_CHECKING:
    from touchpoint.rules.v1.experiments_pb2 import Experiment
    from touchpoint.rules.v1.rules_pb2 import Bundle

OPEN_END_US = 1 << 62
HOLDOUT = "holdout"
"""The name of the experiment that there always is: what is personal against what is not."""
EQUAL = 1e-9
"""Shares are told apart by more than this: 0.1 + 0.2 is not 0.3."""


@dataclass(frozen=True, slots=True)
class ExperimentShares:
    """How one experiment shares people out."""

    name: str
    salt: str
    """What is mixed into the hash."""
    share: float
    """Of the personalised people who take part."""
    uptos: tuple[float, ...]
    """Where the part of each variant ends, of 0 to 1; the next one begins there."""
    variants: tuple[VariantOf, ...]
    starts_us: int = 0
    ends_us: int = OPEN_END_US

    def is_running(self, now_us: int) -> bool:
        """Say whether people are in it at a moment of business time."""
        return self.starts_us <= now_us < self.ends_us

    def part(self, variant: str) -> tuple[float, float] | None:
        """Return from where to where a variant's part goes; None: there is no such one."""
        begins = (0.0, *self.uptos)
        for at, each in enumerate(self.variants):
            if each.variant == variant:
                return begins[at], self.uptos[at]
        return None


@dataclass(frozen=True)
class ExperimentPlan:
    """Who takes part in what: arms first, for only the personalised do."""

    arm_plan: ArmPlan = field(default_factory=ArmPlan)
    experiments: tuple[ExperimentShares, ...] = ()

    def at(self, now_us: int) -> ExperimentPlan:
        """Return the plan with only what is running at a moment of business time."""
        running = tuple([each for each in self.experiments if each.is_running(now_us)])
        return self if len(running) == len(self.experiments) else replace(self, experiments=running)

    @cached_property
    def by_name(self) -> Mapping[str, ExperimentShares]:
        return {each.name: each for each in self.experiments}


def experiment_plan(bundle: Bundle) -> ExperimentPlan:
    """Return the plan of a bundle; ValueError where the shares of its arms are wrong."""
    found = arms(bundle.parameters)
    arm_plan = ArmPlan(
        salt=found.salt, holdout_share=found.holdout_share, static_share=found.static_share
    )
    return ExperimentPlan(arm_plan, tuple(map(shares_of, bundle.experiments)))


def shares_of(experiment: Experiment) -> ExperimentShares:
    """Return how an experiment shares people out."""
    name = experiment.experiment
    has_end = experiment.HasField("ends_time")
    return ExperimentShares(
        name,
        f"experiment\0{name}\0{experiment.salt}",
        experiment.share,
        tuple(accumulate(variant.share for variant in experiment.variants)),
        tuple(
            VariantOf(experiment=name, variant=variant.variant) for variant in experiment.variants
        ),
        experiment.starts_time.ToMicroseconds(),
        experiment.ends_time.ToMicroseconds() if has_end else OPEN_END_US,
    )


def moved_by(before: ExperimentShares, after: ExperimentShares) -> Sequence[str]:
    """Return why somebody in an experiment would be in another variant, or in none; empty: nobody.

    A larger share of people, and new or larger variants behind the others, move nobody.
    """
    found = []
    if after.salt != before.salt:
        found.append("another salt draws other people")
    if after.share < before.share - EQUAL:
        found.append(f"the share goes from {before.share:.4g} down to {after.share:.4g}")
    for each in before.variants:
        was, part = before.part(each.variant), after.part(each.variant)
        assert was is not None, "it is of this experiment"
        if part is None:
            found.append(f"the variant {each.variant} is gone")
        elif part[0] > was[0] + EQUAL or part[1] < was[1] - EQUAL:
            found.append(f"the variant {each.variant} is another part of the people")
    return found
