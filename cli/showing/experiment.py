"""Shows what an experiment came to, and what one would need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.console import Group, RenderableType
from rich.text import Text

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.ranker.v1.experiments_pb2 import (
    ExperimentPlan,
    ExperimentReport,
    GroupComparison,
    MeasureOutcome,
    MeasureRole,
    MeasureSample,
)
from touchpoint.ranker.v1.results_pb2 import MeasureUnit, ResultConclusion

_CONCLUDED = {
    ResultConclusion.TOO_FEW: ("too few people", "dim"),
    ResultConclusion.NOT_SIGNIFICANT: ("not significant", ""),
    ResultConclusion.BETTER: ("better", "green"),
    ResultConclusion.WORSE: ("worse", "red"),
}
_ROLES = {MeasureRole.GOAL: "goal", MeasureRole.GUARD: "guard"}


def as_json_reports(reports: Iterable[ExperimentReport]) -> dict[str, Any]:
    """Return all of it; figures that are 0 stand there too."""
    return {
        "experiments": [
            MessageToDict(each, always_print_fields_with_no_presence=True) for each in reports
        ]
    }


def as_json_plan(plan: ExperimentPlan) -> dict[str, Any]:
    """Return all of it; figures that are 0 stand there too."""
    told: dict[str, Any] = MessageToDict(plan, always_print_fields_with_no_presence=True)
    return told


def amount(value: float, unit: int, currency: str) -> str:
    """Write a figure in its unit."""
    if unit == MeasureUnit.SHARE:
        return f"{value:.2%}"
    if unit == MeasureUnit.MONEY:
        return f"{value:,.2f} {currency}".rstrip()
    if unit == MeasureUnit.SECONDS:
        return f"{value:,.0f} s"
    return f"{value:,.3g}" if abs(value) < 1_000 else f"{value:,.0f}"


def report_shown(report: ExperimentReport) -> RenderableType:
    """Return what is printed of one experiment: sentences first, then the measures."""
    since, until = (
        time.ToDatetime().strftime("%Y-%m-%d %H:%M")
        for time in (report.since_time, report.until_time)
    )
    people = ", ".join(f"{each.group} {each.people:,}" for each in report.groups)
    parts: list[RenderableType] = [
        Text(f"{report.experiment}, {since} to {until} UTC", style="bold"),
    ]
    if report.hypothesis:
        parts.append(Text(report.hypothesis, style="italic"))
    parts.append(Text(f"People: {people}"))
    parts += [Text(f"• {sentence}") for sentence in report.said]
    if report.outcomes:
        parts.append(_measures(report))
    parts.append(Text(""))
    return Group(*parts)


def _measures(report: ExperimentReport) -> RenderableType:
    control = report.groups[0].group
    shown = table("measure", "", "group", "its mean", control, "difference", "may be", "", "")
    for outcome in report.outcomes:
        for cells, style in _rows(outcome, report.currency):
            add_row(shown, *cells, style=style)
    return shown


def _rows(outcome: MeasureOutcome, currency: str) -> Iterator[tuple[list[str], str]]:
    title, role = outcome.title, _ROLES.get(outcome.role, "")
    for sample, found in zip(outcome.samples[1:], outcome.comparisons, strict=True):
        said, style = _CONCLUDED.get(found.conclusion, ("", ""))
        cells = [
            title,
            role,
            found.group,
            _mean(sample, outcome.unit, currency),
            _mean(outcome.samples[0], outcome.unit, currency),
            f"{found.lift:+.1%}" if found.HasField("lift") else "",
            _interval(found, outcome.unit, currency),
            f"p {found.p_value:.3f}" if found.HasField("low") else "",
            said,
        ]
        yield cells, style if outcome.role != MeasureRole.INFORMATION else "dim"
        title = role = ""


def _mean(sample: MeasureSample, unit: int, currency: str) -> str:
    return amount(sample.mean, unit, currency) if sample.people else "–"


def _interval(found: GroupComparison, unit: int, currency: str) -> str:
    if not found.HasField("low"):
        return "anything"
    low, high = (
        ("-" if value < 0.0 else "+") + amount(abs(value), unit, currency)
        for value in (found.low, found.high)
    )
    return f"{low} to {high}"


def plan_shown(plan: ExperimentPlan) -> RenderableType:
    """Return what is printed of a plan."""
    now = amount(plan.now.mean, plan.unit, plan.currency)
    seen = several(plan.people_seen, "person", "people")
    days = several(round(plan.days_seen), "day")
    parts: list[RenderableType] = [
        Text(f"{plan.title} is {now} now, of {seen} who would have taken part in the last {days}.")
    ]
    if plan.effects:
        parts.append(_effects(plan))
    parts += [Text(f"• {sentence}") for sentence in plan.said]
    return Group(*parts)


def _effects(plan: ExperimentPlan) -> RenderableType:
    shown = table("a change of", "that is", "people, one look", "people, daily looks", "days")
    for each in plan.effects:
        add_row(
            shown,
            f"{each.effect:.1%}",
            amount(each.effect * plan.now.mean, plan.unit, plan.currency),
            f"{each.people_at_once:,}",
            f"{each.people:,}",
            f"{each.days:,.0f}" if each.HasField("days") else "never",
        )
    return shown
