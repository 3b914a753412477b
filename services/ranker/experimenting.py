"""Says what experiments came to and what one would need, for whoever asks, in small slices."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.ranker.collecting import Collector
from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.experiments.planning import POWER
from services.ranker.domain.experiments.reporting import Group, Report, assigned_and_seen, report
from services.ranker.domain.measures.definitions import MEASURES
from services.ranker.domain.measures.gathering import Gathered, Gathering
from services.ranker.domain.measures.log import Period
from services.ranker.domain.measures.measured import measure_customers
from services.ranker.domain.measures.persons import PersonMeasures
from services.ranker.experiment_messages import Told, looked_at, plan_message, report_message
from services.ranker.storage.measured import MeasuredLogs
from shared.arms import assign_arm, assign_variants
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from shared.errors import FieldViolation, InvalidArgument, NotFound
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.ranker.v1.experiments_pb2 import (
    ExperimentPlan,
    ExperimentReport,
    GetExperimentRequest,
    GetExperimentResponse,
    PlanExperimentRequest,
    PlanExperimentResponse,
)
from touchpoint.rules.v1.experiments_pb2 import Experiment

HOLDOUT = "holdout"
"""The experiment that every deployment has: what is personal against what is not."""
_ARMS = (Arm.HOLDOUT, Arm.STATIC, Arm.PERSONALISED)
_DAYS = 28
_USUAL_GOAL = "revenue_per_visit"
_HOLDOUT_GOAL, _HOLDOUT_GUARDS = "contribution", ("opt_outs", "complaints")
_READING, _MEASURING = 0.9, 0.95
"""Shares that are done when all is read, and when all is measured."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One experiment and the time that it is looked at in."""

    experiment: Experiment
    groups: Sequence[Group]
    period: Period

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

    def group_assigned(self, definitions: RankingDefinitions, oldest_id: str) -> int:
        """Return the group of somebody by the definitions; -1: of none."""
        if self.name == HOLDOUT:
            name = Arm.Value.Name(assign_arm(definitions.arm_plan, oldest_id))
        else:
            found = assign_variants(definitions.experiment_plan, oldest_id)
            name = next((each.variant for each in found if each.experiment == self.name), "")
        place = self._place(name)
        return -1 if place is None else place

    def _place(self, name: str) -> int | None:
        names = [group.name for group in self.groups]
        return names.index(name) if name in names else None


class _Seen:
    """The groups by which something was decided for each customer."""

    def __init__(self, asked: _Asked, gathering: Gathering) -> None:
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


@dataclass(frozen=True, slots=True)
class Experimenter:
    """Compares groups by the catalogue and the active definitions of this replica."""

    logs: MeasuredLogs
    catalogue: Catalogue
    bundles: BundleFollower[RankingDefinitions]
    now_us: Callable[[], int]

    async def get(self, request: GetExperimentRequest) -> AsyncIterator[GetExperimentResponse]:
        """Yield how far it is, and the reports at last.

        Raises NotFound for an experiment that is not defined, InvalidArgument for a period that
        ends before it begins, FailedPrecondition for one of too many events, TouchpointError where
        profile does not answer.
        """
        definitions = self.bundles.active
        asked = list(self._asked(definitions, request))
        reports = []
        for number, each in enumerate(asked):
            collector = Collector(self.logs, self.catalogue, definitions)
            gathering = Gathering(each.period, {})
            seen = _Seen(each, gathering)
            async for step, _ in collector.collect(gathering, seen.note):
                told_step, share_done = f"{each.name}: {step}", number / len(asked)
                yield GetExperimentResponse(step=told_step, share_done=share_done)
            gathered, told = await collector.done(gathering), _told(collector, self.catalogue)
            reports.append(
                await asyncio.to_thread(_compared, each, definitions, gathered, seen, told)
            )
        yield GetExperimentResponse(step="done", share_done=1.0, reports=reports)

    def _asked(
        self, definitions: RankingDefinitions, request: GetExperimentRequest
    ) -> Iterator[_Asked]:
        known = {
            each.experiment: each for each in (_holdout(definitions), *definitions.experiments)
        }
        if request.experiment and request.experiment not in known:
            raise NotFound(
                f"no experiment is called {request.experiment}; there is {', '.join(known)}"
            )
        for name, experiment in known.items():
            if request.experiment in ("", name):
                groups = [Group(each.variant, each.share) for each in experiment.variants]
                yield _Asked(experiment, groups, self._period(experiment, request))

    def _period(self, experiment: Experiment, request: GetExperimentRequest) -> Period:
        now_us = self.now_us()
        until_us = now_us
        if experiment.HasField("ends_time"):
            until_us = min(now_us, experiment.ends_time.ToMicroseconds())
        if request.HasField("until_time"):
            until_us = min(until_us, request.until_time.ToMicroseconds())
        since_us = until_us - _DAYS * DAY_US
        if experiment.HasField("starts_time"):
            since_us = experiment.starts_time.ToMicroseconds()
        if request.HasField("since_time"):
            since_us = request.since_time.ToMicroseconds()
        if request.experiment and since_us >= until_us:
            raise InvalidArgument([FieldViolation("since_time", "must be before the end")])
        return Period(min(since_us, until_us), until_us)

    async def plan(self, request: PlanExperimentRequest) -> AsyncIterator[PlanExperimentResponse]:
        """Yield how far it is, and the plan at last; raises as `get` does."""
        now_us, definitions = self.now_us(), self.bundles.active
        since_us = now_us - _DAYS * DAY_US
        if request.HasField("since_time"):
            since_us = request.since_time.ToMicroseconds()
        if since_us >= now_us:
            raise InvalidArgument([FieldViolation("since_time", "must be in the past")])
        measure = MEASURES.get(request.measure or _USUAL_GOAL)
        if measure is None:
            names = ", ".join(MEASURES)
            raise InvalidArgument([FieldViolation("measure", f"must be one of {names}")])
        collector = Collector(self.logs, self.catalogue, definitions)
        gathering = Gathering(Period(since_us, now_us), {})
        async for step, _ in collector.collect(gathering):
            yield PlanExperimentResponse(step=step, share_done=_READING / 2)
        gathered = await collector.done(gathering)
        yield PlanExperimentResponse(step="measuring", share_done=_MEASURING)
        persons, came = await asyncio.to_thread(_who_would_take_part, gathered)
        plan = ExperimentPlan(days_seen=gathered.period.days, power=request.power or POWER)
        plan_message(request, measure, persons, came, _told(collector, self.catalogue), plan)
        yield PlanExperimentResponse(step="done", share_done=1.0, plan=plan)


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


def _told(collector: Collector, catalogue: Catalogue) -> Told:
    return Told(collector.table.base or catalogue.only_currency)


def _compared(
    asked: _Asked,
    definitions: RankingDefinitions,
    gathered: Gathered,
    seen: _Seen,
    told: Told,
) -> ExperimentReport:
    """Measure everybody and hold the groups against each other; takes a second or two."""
    persons = measure_customers(gathered)
    group_of, mixed = assigned_and_seen(
        [asked.group_assigned(definitions, each) for each in persons.oldest_ids],
        [seen.of(each) for each in persons.oldest_ids],
    )
    found: Report = report(persons, group_of, asked.groups, looked_at(asked.experiment), mixed)
    return report_message(asked.experiment, asked.period, found, told)


def _who_would_take_part(gathered: Gathered) -> tuple[PersonMeasures, Sequence[int]]:
    """Return the personalised for whom something was decided, and how many had come by each day."""
    customers, period = gathered.customers, gathered.period
    takes_part = (customers.arm == Arm.PERSONALISED) & (gathered.decided_us >= 0)
    day = (gathered.decided_us[takes_part] - period.since_us) // DAY_US
    came = np.cumsum(np.bincount(day, minlength=int(period.days)))
    names = {customers.oldest_ids[place] for place in np.flatnonzero(takes_part).tolist()}
    persons = measure_customers(gathered)
    rows = np.array([each in names for each in persons.oldest_ids], np.bool_)
    return persons.picked(rows), came.tolist()
