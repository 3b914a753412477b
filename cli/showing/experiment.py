"""Shows what an experiment came to, and what one would need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group, RenderableType
from rich.text import Text

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.ranker.v1.experiments_pb2 import (
    EndedExperiment,
    ExperimentPlan,
    ExperimentReport,
    GroupComparison,
    MeasureOutcome,
    MeasureRole,
    MeasureSample,
)
from touchpoint.ranker.v1.results_pb2 import MeasureUnit, ResultConclusion

_CONCLUDED = {
    ResultConclusion.TOO_FEW: ("too few", "dim"),
    ResultConclusion.NOT_SIGNIFICANT: ("not significant", ""),
    ResultConclusion.BETTER: ("better", "green"),
    ResultConclusion.WORSE: ("worse", "red"),
}
_SECTIONS = {
    MeasureRole.GOAL: "the goal",
    MeasureRole.GUARD: "must not become worse",
    MeasureRole.INFORMATION: "for information; among so many some differ by chance",
}


def as_json_reports(
    reports: Iterable[ExperimentReport], ended: Iterable[EndedExperiment] = ()
) -> dict[str, Any]:
    """Return all of it; figures that are 0 stand there too."""
    found = {"experiments": reports, "ended": ended}
    return {
        name: [MessageToDict(each, always_print_fields_with_no_presence=True) for each in messages]
        for name, messages in found.items()
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
    since, until = map(_moment, (report.since_time, report.until_time))
    ended = ", ended" if report.HasField("ended_time") else ""
    people = ", ".join(f"{each.group} {each.people:,}" for each in report.groups)
    parts: list[RenderableType] = [
        Text(f"{report.experiment}, {since} to {until} UTC{ended}", style="bold"),
    ]
    if report.hypothesis:
        parts.append(Text(report.hypothesis, style="italic"))
    if people:
        parts.append(Text(f"People: {people}"))
    parts += [Text(f"• {sentence}") for sentence in report.said]
    parts += [_against(report, place) for place in range(len(report.groups) - 1)]
    parts.append(Text(""))
    return Group(*parts)


def ended_shown(ended: Iterable[EndedExperiment]) -> RenderableType:
    """Return what is printed of experiments that are over."""
    shown = table("over", "from", "to (UTC)", "ended by")
    for each in ended:
        add_row(
            shown,
            each.experiment,
            *map(_moment, (each.began_time, each.ended_time)),
            "definitions" if each.ended_by_definitions else "its date",
        )
    shown.caption = "what came of one: touchpoint report experiment NAME"
    shown.caption_justify = "left"
    return shown


def _moment(time: Timestamp) -> str:
    return time.ToDatetime().strftime("%Y-%m-%d %H:%M")


def _against(report: ExperimentReport, place: int) -> RenderableType:
    """Return the measures of one group beside those of the control."""
    control, group = report.groups[0].group, report.groups[place + 1].group
    shown = table("", group, control, "change", "may be", "", title=f"{group} against {control}")
    section = None
    for outcome in report.outcomes:
        if not any(sample.people for sample in outcome.samples):
            continue
        if outcome.role != section:
            section = outcome.role
            add_row(shown, _SECTIONS.get(section, ""), "", "", "", "", "", style="dim italic")
        add_row(shown, *_cells(outcome, place), style=_style(outcome, place))
    if report.currency:
        shown.caption, shown.caption_justify = f"money in {report.currency}", "left"
    return shown


def _cells(outcome: MeasureOutcome, place: int) -> list[str]:
    control, theirs = outcome.samples[0], outcome.samples[place + 1]
    found = outcome.comparisons[place]
    is_relative = found.HasField("lift")
    return [
        f"  {outcome.title}",
        _mean(theirs, outcome.unit),
        _mean(control, outcome.unit),
        f"{found.lift:+.1%}" if is_relative else "",
        _interval(found, outcome.unit, control.mean if is_relative else 0.0),
        _CONCLUDED.get(found.conclusion, ("", ""))[0],
    ]


def _style(outcome: MeasureOutcome, place: int) -> str:
    if outcome.role == MeasureRole.INFORMATION:
        return "dim"
    return _CONCLUDED.get(outcome.comparisons[place].conclusion, ("", ""))[1]


def _mean(sample: MeasureSample, unit: int) -> str:
    return amount(sample.mean, unit, "") if sample.people else "–"


def _interval(found: GroupComparison, unit: int, control: float) -> str:
    """Write what a difference may be: as a share of the control's mean where that says anything."""
    if not found.HasField("low"):
        return "anything"
    if control:
        low, high = sorted((found.low / control, found.high / control))
        return f"{low:+.0%} to {high:+.0%}"
    signed = [
        ("-" if value < 0.0 else "+") + amount(abs(value), unit, "")
        for value in (found.low, found.high)
    ]
    return " to ".join(signed)


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
