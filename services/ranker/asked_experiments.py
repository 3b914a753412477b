"""The experiments that somebody asks about: in force, taken out since, and the holdout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.experiments.beginning import Beginning, Why, began
from services.ranker.domain.experiments.reporting import Group
from services.ranker.domain.experiments.running import Ran
from services.ranker.domain.measures.log import Period
from services.ranker.experiment_runs import ARMS, Kept, Run, Sharing
from shared.arms import assign_arm, assign_variants
from shared.definitions import BundleFollower
from shared.errors import FieldViolation, InvalidArgument, NotFound
from shared.experiments import (
    HOLDOUT,
    OPEN_END_US,
    ExperimentPlan,
    ExperimentShares,
    shares_of,
)
from shared.trials import is_in_trial
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.ranker.v1.experiments_pb2 import GetExperimentRequest
from touchpoint.rules.v1.experiments_pb2 import Experiment

DAYS = 28
"""What is looked at where there is no beginning."""
_HOLDOUT_GOAL, _HOLDOUT_GUARDS = "contribution", ("opt_outs", "complaints")


@dataclass(frozen=True, slots=True)
class InForce:
    """The definitions of everybody at one moment; those in a trial have others."""

    active: RankingDefinitions
    trial: Trial
    tried: RankingDefinitions | None

    @classmethod
    def now(cls, bundles: BundleFollower[RankingDefinitions]) -> InForce:
        """Return what is in force; raises Unavailable before there is anything."""
        trial = bundles.trial
        tried = bundles.of(trial.bundle_hash) if trial.bundle_hash else None
        return cls(bundles.active, trial, tried)

    def of(self, oldest_id: str) -> RankingDefinitions:
        """Return what somebody is treated by."""
        if self.tried is not None and is_in_trial(self.trial, oldest_id):
            return self.tried
        return self.active

    def experiments(self) -> Iterator[Experiment]:
        """Yield those of everybody, then those of the trial."""
        yield from self.active.experiments
        if self.tried is not None:
            yield from self.tried.experiments


@dataclass(frozen=True, slots=True)
class Asked:
    """One experiment and the time that it is looked at in."""

    experiment: Experiment
    shares: ExperimentShares
    groups: Sequence[Group]
    period: Period
    beginning: Beginning
    run: Run | None
    """None: nobody was in it so far."""
    ran: Ran | None

    @property
    def name(self) -> str:
        return self.experiment.experiment

    def group_seen(self, notice: DecisionNotice) -> int | None:
        """Return the group that a decision was made for; None: for none of them."""
        if self.name == HOLDOUT:
            name = Arm.Value.Name(notice.arm)
        else:
            variants = [each for each in notice.variants if each.experiment == self.name]
            name = variants[0].variant if variants else ""
        return self._place(name)

    def group_assigned(self, in_force: InForce, oldest_id: str) -> int:
        """Return the group of somebody by the definitions; -1: of none."""
        if self.run is not None:
            arm_plan = self.run.arm_plan_of(oldest_id)
        else:
            arm_plan = in_force.of(oldest_id).arm_plan
        if self.name == HOLDOUT:
            name = Arm.Value.Name(assign_arm(arm_plan, oldest_id))
        else:
            found = assign_variants(ExperimentPlan(arm_plan, (self.shares,)), oldest_id)
            name = found[0].variant if found else ""
        place = self._place(name)
        return -1 if place is None else place

    def _place(self, name: str) -> int | None:
        names = [group.name for group in self.groups]
        return names.index(name) if name in names else None


def asked_for(
    request: GetExperimentRequest, in_force: InForce, kept: Kept, now_us: int
) -> Iterator[Asked]:
    """Yield what is asked for: one by its name, or the holdout and all in force.

    Of one that ran several times it is the latest run that began before the end that is asked for.
    Raises NotFound for a name that there is not, and InvalidArgument for a period that ends before
    it begins.
    """
    known: dict[str, list[Experiment]] = defaultdict(list)
    for each in in_force.experiments():
        known[each.experiment].append(each)
    now_defined = (HOLDOUT, *known)
    for name, found in kept.experiments.items():
        known[name].append(found.experiment)
    known[HOLDOUT] = [_holdout([in_force.active.arm_plan])]
    if request.experiment and request.experiment not in known:
        names = ", ".join(dict.fromkeys((HOLDOUT, *known)))
        raise NotFound(f"no experiment is called {request.experiment}; there is {names}")
    for name in dict.fromkeys((request.experiment,) if request.experiment else now_defined):
        yield _asked(name, known[name], kept, request, now_us)


def _asked(
    name: str,
    known: Sequence[Experiment],
    kept: Kept,
    request: GetExperimentRequest,
    now_us: int,
) -> Asked:
    """Return an experiment with its run, as the definitions of that run have it."""
    runs = kept.runs(name)
    asked_until_us = now_us
    if request.HasField("until_time"):
        asked_until_us = min(now_us, request.until_time.ToMicroseconds())
    begun = [each for each in runs if each.began_us < asked_until_us]
    run = begun[-1] if begun else None
    if run is None:
        experiment = _widest(known)
    elif name == HOLDOUT:
        experiment = _holdout([each.arm_plan for each in run.sharings])
    else:
        experiment = _widest(run.experiments())
    first = kept.experiments.get(name)
    first_us = None if first is None else first.first_time.ToMicroseconds()
    until_us = min(asked_until_us, _ended_us(experiment, run))
    beginning = _beginning(experiment, run, first_us, request, until_us)
    groups = [Group(each.variant, each.share) for each in experiment.variants]
    period = Period(min(beginning.since_us, until_us), until_us)
    names = [group.name for group in groups]
    ran = None if run is None else _ran(run, begun[:-1], names, period, now_us)
    return Asked(experiment, shares_of(experiment), groups, period, beginning, run, ran)


def _widest(found: Sequence[Experiment]) -> Experiment:
    """Return the first one, with the people and variants of the largest.

    A share that grows and a variant behind the others move nobody, so each one that there ever was
    is a part of the largest.
    """
    largest = max(found, key=lambda each: (each.share, len(each.variants)))
    merged = Experiment()
    merged.CopyFrom(found[0])
    merged.share = largest.share
    del merged.variants[:]
    merged.variants.extend(largest.variants)
    return merged


def _ended_us(experiment: Experiment, run: Run | None) -> int:
    if run is not None:
        return run.ended_us
    has_end = experiment.HasField("ends_time")
    return experiment.ends_time.ToMicroseconds() if has_end else OPEN_END_US


def _beginning(
    experiment: Experiment,
    run: Run | None,
    first_us: int | None,
    request: GetExperimentRequest,
    until_us: int,
) -> Beginning:
    """Return from when on an experiment is looked at; `first_us` is its very first decision."""
    asked_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else None
    if run is not None and (first_us is None or not run.began_us <= first_us < run.ended_us):
        # Of the arms and of what was taken up again nobody noted the first decision.
        found = began(None, run.began_us, asked_us)
    elif experiment.experiment == HOLDOUT:
        found = began(None, None, asked_us) or Beginning(until_us - DAYS * DAY_US, Why.LATELY)
    else:
        starts = experiment.HasField("starts_time")
        starts_us = experiment.starts_time.ToMicroseconds() if starts else None
        if run is not None and starts_us is not None:
            starts_us = max(starts_us, run.began_us)
        found = began(first_us, starts_us, asked_us)
    if found is None:  # nobody was in it: there is nothing to look at
        return Beginning(until_us, Why.BEGAN)
    if request.experiment and found.since_us >= until_us:
        raise InvalidArgument([FieldViolation("since_time", "must be before the end")])
    return found


def _ran(
    run: Run, before: Sequence[Run], groups: Sequence[str], period: Period, now_us: int
) -> Ran:
    return Ran(
        run.began_us,
        run.ended_us if run.ended_us <= now_us else None,
        run.by_definitions,
        tuple([at for at in run.changed_us(groups) if period.since_us < at < period.until_us]),
        (before[-1].began_us, before[-1].ended_us) if before else None,
    )


def _holdout(plans: Sequence[ArmPlan]) -> Experiment:
    """Return the arms as an experiment; the holdout is the control."""
    found = Experiment(
        experiment=HOLDOUT,
        hypothesis="What is personal brings more than what is not.",
        goal=_HOLDOUT_GOAL,
        guards=_HOLDOUT_GUARDS,
    )
    shares = [max(sizes) for sizes in zip(*(Sharing(0, plan).arm_sizes() for plan in plans))]
    for arm, share in zip(ARMS, shares, strict=True):
        if share > 0.0:
            found.variants.add(variant=Arm.Value.Name(arm), share=share)
    return found


def by_period(asked: Sequence[Asked]) -> Mapping[Period, Sequence[Asked]]:
    """Return what is looked at over the same time, which is collected once."""
    found: dict[Period, list[Asked]] = defaultdict(list)
    for each in asked:
        found[each.period].append(each)
    return found
