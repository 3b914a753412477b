"""What experiments came to, as messages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from services.ranker.asked_experiments import Asked
from services.ranker.domain.experiments.comparing import Compared, Role
from services.ranker.domain.experiments.planning import days_needed, people_needed
from services.ranker.domain.experiments.reporting import Looked, Outcome, Report
from services.ranker.domain.experiments.samples import Sample
from services.ranker.domain.experiments.sequences import ALPHA
from services.ranker.domain.experiments.wording import sentences
from services.ranker.domain.measures.definitions import MEASURES, Measure, Unit
from services.ranker.domain.measures.persons import PersonMeasures
from services.ranker.experiment_runs import Kept
from shared.experiments import HOLDOUT
from touchpoint.ranker.v1.experiments_pb2 import (
    EndedExperiment,
    ExperimentPlan,
    ExperimentReport,
    GroupComparison,
    MeasureOutcome,
    MeasureSample,
    PlanExperimentRequest,
    PlannedEffect,
)
from touchpoint.rules.v1.experiments_pb2 import Experiment

_EFFECTS = (0.02, 0.05, 0.1, 0.2)
"""What is planned for where no effect is asked for."""
_EVEN = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Told:
    """How figures are written."""

    currency: str
    """Of money; empty: of none."""

    def amount(self, name: str, value: float) -> str:
        """Write a value of a measure in its unit."""
        unit = MEASURES[name].unit
        if unit is Unit.SHARE:
            return f"{value:.2%}"
        if unit is Unit.MONEY:
            return f"{value:,.2f} {self.currency}".rstrip()
        return f"{value:,.0f} s" if unit is Unit.SECONDS else f"{value:.3g}"


def looked_at(experiment: Experiment) -> Sequence[Looked]:
    """Return all measures, the goal first, then the guards."""
    roles = dict.fromkeys(experiment.guards, Role.GUARD) | {experiment.goal: Role.GOAL}
    looked = [
        Looked(
            measure.name,
            roles.get(measure.name, Role.INFORMATION),
            measure.of,
            measure.more_is_better,
        )
        for measure in MEASURES.values()
    ]
    return sorted(looked, key=lambda each: each.role)


def report_message(asked: Asked, found: Report, told: Told) -> ExperimentReport:
    """Return a report as a message."""
    experiment, beginning, ran = asked.experiment, asked.beginning, asked.ran
    is_of_arms = asked.name == HOLDOUT
    message = ExperimentReport(
        experiment=experiment.experiment,
        hypothesis=experiment.hypothesis,
        mismatch_p_value=found.shared_out.p_value,
        is_mismatch=found.shared_out.is_mismatch,
        mixed=found.mixed,
        outcomes=[_outcome(found, each) for each in found.outcomes],
        said=(
            *sentences(
                found, lambda name: MEASURES[name].title, told.amount, experiment.minimal_effect
            ),
            *(ran.told(is_of_arms=is_of_arms) if ran is not None else ()),
            *beginning.told(),
        ),
        holds_at_all_looks=beginning.holds_at_all_looks,
        currency=told.currency,
    )
    message.since_time.FromMicroseconds(asked.period.since_us)
    message.until_time.FromMicroseconds(asked.period.until_us)
    if ran is not None and ran.ended_us is not None:
        message.ended_time.FromMicroseconds(ran.ended_us)
        message.ended_by_definitions = ran.by_definitions
    for changed_us in ran.changed_us if ran is not None else ():
        message.changed_times.add().FromMicroseconds(changed_us)
    whole = sum(group.share for group in found.groups)
    for group, people in zip(found.groups, found.people, strict=True):
        message.groups.add(group=group.name, share=group.share / whole, people=people)
    return message


def unread_message(asked: Asked, why: str) -> ExperimentReport:
    """Return a report of an experiment that could not be read, with the reason and no figures."""
    message = ExperimentReport(
        experiment=asked.name, hypothesis=asked.experiment.hypothesis, said=[f"Not read: {why}"]
    )
    message.since_time.FromMicroseconds(asked.period.since_us)
    message.until_time.FromMicroseconds(asked.period.until_us)
    return message


def ended(kept: Kept, told: Collection[str], now_us: int) -> Iterator[EndedExperiment]:
    """Yield those that people were in and that are over, without those told of already."""
    for name in kept.experiments:
        runs = kept.runs(name)
        if name in told or not runs or runs[-1].ended_us > now_us:
            continue
        found = EndedExperiment(experiment=name, ended_by_definitions=runs[-1].by_definitions)
        found.began_time.FromMicroseconds(runs[-1].began_us)
        found.ended_time.FromMicroseconds(runs[-1].ended_us)
        yield found


def _outcome(found: Report, outcome: Outcome) -> MeasureOutcome:
    measure = MEASURES[outcome.looked.name]
    return MeasureOutcome(
        measure=measure.name,
        title=measure.title,
        unit=measure.unit.value,  # type: ignore[arg-type]
        more_is_better=measure.more_is_better,
        role=outcome.looked.role.value,  # type: ignore[arg-type]
        samples=map(_sample, outcome.samples),
        comparisons=[
            _comparison(group.name, each)
            for group, each in zip(found.groups[1:], outcome.compared, strict=True)
        ],
    )


def _sample(sample: Sample) -> MeasureSample:
    error = sample.error if isfinite(sample.error) else None
    return MeasureSample(people=sample.people, mean=sample.mean, error=error)


def _comparison(group: str, found: Compared) -> GroupComparison:
    is_known = isfinite(found.interval.high - found.interval.low)
    return GroupComparison(
        group=group,
        difference=found.difference.value,
        low=found.interval.low if is_known else None,
        high=found.interval.high if is_known else None,
        p_value=found.interval.p_value,
        lift=None if found.lift is None else found.lift.value,
        conclusion=found.conclusion.value,  # type: ignore[arg-type]
    )


def plan_message(
    request: PlanExperimentRequest,
    measure: Measure,
    persons: PersonMeasures,
    came: Sequence[int],
    told: Told,
    plan: ExperimentPlan,
) -> None:
    """Write what an experiment would need; `came` is how many had come by each day so far."""
    now = measure.of(persons)
    share = request.share or 1.0
    plan.measure, plan.title, plan.currency = measure.name, measure.title, told.currency
    plan.unit = measure.unit.value  # type: ignore[assignment]
    plan.now.CopyFrom(_sample(now))
    plan.people_seen = round(len(persons) * share)
    groups = list(request.groups) or list(_EVEN)
    for effect in [request.effect] if request.effect else _EFFECTS:
        if (planned := _planned(now, effect, groups, plan.power, share, came)) is not None:
            plan.effects.append(planned)
    plan.said.extend(_said(plan, now))


def _planned(
    now: Sample,
    effect: float,
    groups: Sequence[float],
    power: float,
    share: float,
    came: Sequence[int],
) -> PlannedEffect | None:
    """Return what the smallest group needs against the control, so that all groups have it."""
    control, *others = groups
    smallest, whole = min(others), sum(groups)
    try:
        needed = people_needed(now, effect, (control, smallest), ALPHA / len(others), power)
    except ValueError:
        return None
    # Of two groups together; the others take their part of the people as well.
    of_all = whole / (control + smallest)
    people = round(needed.at_all_times * of_all)
    return PlannedEffect(
        effect=effect,
        people_at_once=round(needed.at_once * of_all),
        people=people,
        days=days_needed(people, came, share),
    )


def _said(plan: ExperimentPlan, now: Sample) -> Iterator[str]:
    if not plan.effects:
        yield (
            "Nothing is known that it could be planned by: the measure is 0, or the same for all."
        )
        return
    yield (
        f"One look at the end finds it with a probability of {plan.power:.0%}; so do daily looks,"
        " which take more people when nothing is there and mostly fewer when much is."
    )
    yield (
        f"People are as different as over the last {plan.days_seen:.0f} days; who is looked at for"
        " a shorter time has done less."
    )
    if any(not each.HasField("days") for each in plan.effects):
        yield "Where it says never, too few new people come."
    if now.people < 1_000:
        yield f"Planned by only {now.people:,} people; take it as a guess."
