"""When experiments ran and how they shared people out then, as rules kept it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from shared.arms import assign_variants
from shared.experiments import (
    EQUAL,
    HOLDOUT,
    OPEN_END_US,
    ExperimentPlan,
    ExperimentShares,
    shares_of,
)
from shared.trials import is_in_trial
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.rules.v1.experiments_pb2 import (
    Experiment,
    ExperimentRun,
    KeptExperiment,
    SharingOut,
)
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsResponse

ARMS = (Arm.HOLDOUT, Arm.STATIC, Arm.PERSONALISED)
"""In the order in which they are compared; the first one that there is is the control."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """How definitions shared people out."""

    since_us: int
    arm_plan: ArmPlan
    experiment: Experiment | None = None
    """None: it is about the arms, or these definitions do not have it."""
    shares: ExperimentShares | None = None

    @classmethod
    def of(cls, message: SharingOut) -> Sharing:
        """Return what rules tell."""
        plan = ArmPlan(
            salt=message.arm_salt,
            holdout_share=message.holdout_share,
            static_share=message.static_share,
        )
        since_us = message.since_time.ToMicroseconds()
        if not message.HasField("experiment"):
            return cls(since_us, plan)
        return cls(since_us, plan, message.experiment, shares_of(message.experiment))

    def arm_sizes(self) -> tuple[float, ...]:
        """Return which share of everybody each arm has."""
        plan = self.arm_plan
        rest = 1.0 - plan.holdout_share - plan.static_share
        return plan.holdout_share, plan.static_share, rest

    def sizes(self, groups: Sequence[str]) -> tuple[float, ...]:
        """Return which share each group has of all who could be in one of them."""
        if self.shares is None:
            by_name = dict(zip(map(Arm.Value.Name, ARMS), self.arm_sizes(), strict=True))
            return tuple([by_name[each] for each in groups])
        parts = [self.shares.part(each) or (0.0, 0.0) for each in groups]
        return tuple([self.shares.share * (upto - begin) for begin, upto in parts])

    def takes(self, oldest_id: str) -> bool:
        """Say whether somebody, if personalised, is in the experiment by this."""
        assert self.shares is not None, "only of those that have it"
        return bool(assign_variants(ExperimentPlan(experiments=(self.shares,)), oldest_id))


@dataclass(frozen=True)
class Run:
    """An uninterrupted time in which people were shared out and nobody put elsewhere."""

    began_us: int
    ended_us: int
    """`OPEN_END_US`: until it is ended."""
    by_definitions: bool
    """Other definitions ended it; else its `ends_time`."""
    sharings: tuple[Sharing, ...]
    """In the order in which they came into force."""
    sharing_of: Mapping[str, int]
    """By the hash of definitions, the place of how they shared people out."""
    everybody: int
    trial: Trial
    tried: int
    """Of those in the trial; places of `sharings` at the end of the run, both."""

    @classmethod
    def of(cls, message: ExperimentRun, bundle_hashes: Sequence[str]) -> Run:
        """Return what rules tell."""
        return cls(
            message.began_time.ToMicroseconds(),
            message.ended_time.ToMicroseconds() if message.HasField("ended_time") else OPEN_END_US,
            message.ended_by_definitions,
            tuple([Sharing.of(each) for each in message.sharings]),
            {
                bundle_hashes[bundle]: place
                for place, sharing in enumerate(message.sharings)
                for bundle in sharing.bundles
            },
            message.everybody,
            message.trial,
            message.tried,
        )

    def arm_plan_of(self, oldest_id: str) -> ArmPlan:
        """Return by which shares somebody was put into an arm in the end."""
        in_trial = is_in_trial(self.trial, oldest_id)
        return self.sharings[self.tried if in_trial else self.everybody].arm_plan

    def experiments(self) -> Sequence[Experiment]:
        """Return its definitions, the latest first."""
        found = [each.experiment for each in self.sharings if each.experiment is not None]
        return found[::-1]

    def changed_us(self, groups: Sequence[str]) -> Sequence[int]:
        """Return when shares of groups were changed while it ran."""
        having = [each for each in self.sharings if any(each.sizes(groups))]
        return [
            after.since_us
            for before, after in pairwise(having)
            if not _are_equal(before.sizes(groups), after.sizes(groups))
        ]


class Kept:
    """What rules kept of all experiments."""

    def __init__(self, message: ListExperimentsResponse) -> None:
        self._message = message

    @cached_property
    def experiments(self) -> Mapping[str, KeptExperiment]:
        """Those that people were in, by name."""
        return {each.experiment.experiment: each for each in self._message.experiments}

    def runs(self, name: str) -> Sequence[Run]:
        """Return when one ran, or the arms had the same shares; of a name nobody was in: never."""
        hashes = self._message.bundle_hashes
        if name == HOLDOUT:
            return [Run.of(each, hashes) for each in self._message.arm_runs]
        kept = self.experiments.get(name)
        return [] if kept is None else [Run.of(each, hashes) for each in kept.runs]


def added(now: Sequence[float], before: Sequence[float]) -> tuple[float, ...]:
    """Return by how much each group has more of the people than before."""
    more = (size - was for size, was in zip(now, before, strict=True))
    return tuple([each if each > EQUAL else 0.0 for each in more])


def _are_equal(one: Sequence[float], other: Sequence[float]) -> bool:
    return not any(added(one, other)) and not any(added(other, one))
