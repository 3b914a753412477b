"""The experiments that somebody asks about: in force, taken out since, and the holdout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.experiments.beginning import Beginning, Why, began
from services.ranker.domain.experiments.reporting import Group
from services.ranker.domain.measures.gathering import Gathering
from services.ranker.domain.measures.log import Period
from shared.arms import assign_arm, assign_variants
from shared.definitions import BundleFollower
from shared.errors import FieldViolation, InvalidArgument, NotFound
from shared.experiments import HOLDOUT, ExperimentPlan, ExperimentShares, shares_of
from shared.trials import is_in_trial
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.experiments_pb2 import GetExperimentRequest
from touchpoint.rules.v1.experiments_pb2 import Experiment, KeptExperiment

DAYS = 28
"""What is looked at where there is no beginning."""
_ARMS = (Arm.HOLDOUT, Arm.STATIC, Arm.PERSONALISED)
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


class Seen:
    """The groups by which something was decided for each customer."""

    def __init__(self, asked: Asked, gathering: Gathering) -> None:
        self._asked = asked
        self._gathering = gathering
        self._groups: dict[str, set[int]] = defaultdict(set)

    def note(self, notice: DecisionNotice) -> None:
        """Take note of a decision."""
        group = self._asked.group_seen(notice)
        if notice.person_ids and group is not None:
            oldest = notice.person_ids[0]
            self._groups[self._gathering.oldest_of.get(oldest, oldest)].add(group)

    def of(self, oldest_id: str) -> frozenset[int]:
        """Return the groups that a customer met."""
        return frozenset(self._groups.get(oldest_id, ()))


def asked_for(
    request: GetExperimentRequest,
    in_force: InForce,
    kept: Sequence[KeptExperiment],
    now_us: int,
) -> Iterator[Asked]:
    """Yield what is asked for: one by its name, or the holdout and all in force.

    `kept` are those that people were in. Raises NotFound for a name that there is not, and
    InvalidArgument for a period that ends before it begins.
    """
    were_in = {each.experiment.experiment: each for each in kept}
    known: dict[str, list[Experiment]] = defaultdict(list)
    for each in in_force.experiments():
        known[each.experiment].append(each)
    now_defined = (HOLDOUT, *known)
    for name, found in were_in.items():
        known[name].append(found.experiment)
    known[HOLDOUT] = [_holdout(in_force.active)]
    if request.experiment and request.experiment not in known:
        names = ", ".join(dict.fromkeys((HOLDOUT, *known)))
        raise NotFound(f"no experiment is called {request.experiment}; there is {names}")
    for name in dict.fromkeys((request.experiment,) if request.experiment else now_defined):
        experiment = _widest(known[name])
        beginning, until_us = _span(experiment, were_in.get(name), request, now_us)
        yield Asked(
            experiment,
            shares_of(experiment),
            [Group(each.variant, each.share) for each in experiment.variants],
            Period(min(beginning.since_us, until_us), until_us),
            beginning,
        )


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


def _span(
    experiment: Experiment, kept: KeptExperiment | None, request: GetExperimentRequest, now_us: int
) -> tuple[Beginning, int]:
    """Return from when on an experiment is looked at, and until when."""
    until_us = now_us
    if experiment.HasField("ends_time"):
        until_us = min(now_us, experiment.ends_time.ToMicroseconds())
    if request.HasField("until_time"):
        until_us = min(until_us, request.until_time.ToMicroseconds())
    asked_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else None
    if experiment.experiment == HOLDOUT:
        lately = Beginning(until_us - DAYS * DAY_US, Why.LATELY)
        beginning = began(None, None, asked_us) or lately
    else:
        starts = experiment.HasField("starts_time")
        found = began(
            None if kept is None else kept.first_time.ToMicroseconds(),
            experiment.starts_time.ToMicroseconds() if starts else None,
            asked_us,
        )
        if found is None:  # nobody was in it: there is nothing to look at
            return Beginning(until_us, Why.BEGAN), until_us
        beginning = found
    if request.experiment and beginning.since_us >= until_us:
        raise InvalidArgument([FieldViolation("since_time", "must be before the end")])
    return beginning, until_us


def _holdout(definitions: RankingDefinitions) -> Experiment:
    """Return the arms as an experiment; the holdout is the control."""
    plan = definitions.arm_plan
    rest = 1.0 - plan.holdout_share - plan.static_share
    found = Experiment(
        experiment=HOLDOUT,
        hypothesis="What is personal brings more than what is not.",
        goal=_HOLDOUT_GOAL,
        guards=_HOLDOUT_GUARDS,
    )
    for arm, share in zip(_ARMS, (plan.holdout_share, plan.static_share, rest), strict=True):
        if share > 0.0:
            found.variants.add(variant=Arm.Value.Name(arm), share=share)
    return found


def by_period(asked: Sequence[Asked]) -> Mapping[Period, Sequence[Asked]]:
    """Return what is looked at over the same time, which is collected once."""
    found: dict[Period, list[Asked]] = defaultdict(list)
    for each in asked:
        found[each.period].append(each)
    return found
