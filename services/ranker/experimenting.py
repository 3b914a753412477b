"""Says what experiments came to and what one would need, for whoever asks, in small slices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.ranker.asked_experiments import DAYS, Asked, InForce, asked_for, by_period
from services.ranker.collecting import Collector
from services.ranker.definitions import RankingDefinitions
from services.ranker.domain.answers import DAY_US
from services.ranker.domain.experiments.planning import POWER
from services.ranker.domain.experiments.reporting import (
    NOBODY,
    Report,
    assigned_and_seen,
    report,
)
from services.ranker.domain.measures.definitions import MEASURES
from services.ranker.domain.measures.gathering import Gathered, Gathering
from services.ranker.domain.measures.log import Period
from services.ranker.domain.measures.measured import measure_customers
from services.ranker.domain.measures.persons import PersonMeasures
from services.ranker.experiment_messages import (
    Told,
    ended,
    looked_at,
    plan_message,
    report_message,
    unread_message,
)
from services.ranker.experiment_runs import Kept
from services.ranker.seen_groups import Seen
from services.ranker.storage.measured import MeasuredLogs
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument
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
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsResponse

_USUAL_GOAL = "revenue_per_visit"
_READING, _MEASURING = 0.9, 0.95
"""Shares that are done when all is read, and when all is measured."""
FetchKept = Callable[[], Awaitable[ListExperimentsResponse]]
"""Returns the experiments that people were in, and when people were shared out how; raises
TouchpointError where rules do not answer."""


@dataclass(frozen=True, slots=True)
class Experimenter:
    """Compares groups by the catalogue and the active definitions of this replica."""

    logs: MeasuredLogs
    catalogue: Catalogue
    bundles: BundleFollower[RankingDefinitions]
    now_us: Callable[[], int]
    kept: FetchKept
    journal_days: int
    """For how long the journal keeps decisions."""

    async def get(self, request: GetExperimentRequest) -> AsyncIterator[GetExperimentResponse]:
        """Yield how far it is, and the reports at last.

        Raises NotFound for an experiment that there is not, InvalidArgument for a period that ends
        before it begins, FailedPrecondition for one that is asked for by its name and of too many
        events, TouchpointError where profile or rules do not answer.
        """
        in_force = InForce.now(self.bundles)
        kept, now_us = Kept(await self.kept()), self.now_us()
        wanted = asked_for(request, in_force, kept, now_us)
        asked = [await self._as_kept(each) for each in wanted]
        together = by_period(asked)
        reports: dict[str, ExperimentReport] = {}
        for number, (period, group) in enumerate(together.items()):
            collector = Collector(self.logs, self.catalogue, in_force.active)
            gathering = Gathering(period, {})
            seen = [Seen(each, gathering) for each in group]
            names = ", ".join(each.name for each in group)
            try:
                async for step, _ in collector.collect(gathering, _hearing(seen)):
                    share_done = number / len(together)
                    yield GetExperimentResponse(step=f"{names}: {step}", share_done=share_done)
            except FailedPrecondition as error:  # too much of one spoils no others
                if request.experiment:
                    raise
                reports |= {each.name: unread_message(each, error.message) for each in group}
                continue
            gathered, told = await collector.done(gathering), _told(collector, self.catalogue)
            persons = await asyncio.to_thread(measure_customers, gathered)
            for each, met in zip(group, seen, strict=True):
                compared = asyncio.to_thread(_compared, each, in_force, persons, met, told)
                reports[each.name] = await compared
        in_turn = [reports[each.name] for each in asked]
        others = () if request.experiment else ended(kept, reports, now_us)
        yield GetExperimentResponse(step="done", share_done=1.0, reports=in_turn, ended=others)

    async def _as_kept(self, asked: Asked) -> Asked:
        """Return what is asked as far as the journal still has it."""
        period = asked.period
        decided_us = await self.logs.first_decided_us(period)
        remembered_us = self.now_us() - self.journal_days * DAY_US
        beginning = asked.beginning.as_kept(decided_us, period.until_us, remembered_us)
        since_us = min(beginning.since_us, period.until_us)
        return replace(asked, beginning=beginning, period=Period(since_us, period.until_us))

    async def plan(self, request: PlanExperimentRequest) -> AsyncIterator[PlanExperimentResponse]:
        """Yield how far it is, and the plan at last; raises as `get` does."""
        now_us, definitions = self.now_us(), self.bundles.active
        since_us = now_us - DAYS * DAY_US
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


def _hearing(seen: Sequence[Seen]) -> Callable[[DecisionNotice], None]:
    def hear(notice: DecisionNotice) -> None:
        for each in seen:
            each.note(notice)

    return hear


def _told(collector: Collector, catalogue: Catalogue) -> Told:
    return Told(collector.table.base or catalogue.only_currency)


def _compared(
    asked: Asked, in_force: InForce, persons: PersonMeasures, seen: Seen, told: Told
) -> ExperimentReport:
    """Hold the groups against each other; takes a second or two."""
    assigned = [asked.group_assigned(in_force, each) for each in persons.oldest_ids]
    parted = assigned_and_seen(
        assigned,
        [seen.of(each) for each in persons.oldest_ids],
        [
            None if group == NOBODY else seen.shares(each, group)
            for each, group in zip(persons.oldest_ids, assigned, strict=True)
        ],
    )
    found: Report = report(persons, parted, asked.groups, looked_at(asked.experiment))
    return report_message(asked, found, told)


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
