"""Shows what becomes of scenarios while they are live."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.console import add_row, table
from cli.showing.scenario_words import (
    IN_FORCE,
    aim_said,
    difference_said,
    end_said,
    ended_here,
    errands_said,
    failed_said,
    group_share,
    is_clear,
    mode_said,
    parked_said,
    points_said,
    share,
    stuck_said,
    taken_up_said,
    tasks_said,
    time_in,
    worth_said,
)
from cli.showing.words import duration, several
from touchpoint.rules.v1.scenarios_pb2 import ScenarioAim
from touchpoint.scenario.v1.reports_pb2 import (
    GetScenarioReportResponse,
    ScenarioReport,
    StageReport,
)

_KEPT_NOWHERE = "It lives in the session: nothing is kept of it, and nothing counted."
_OVERVIEW = (
    "now: in a stage (+ before the first), of all journeys. entered: and the share of those that"
    " began. goal: who reached it of those who met what it takes; points: with the 95% interval,"
    " dim where chance may have made it. The report of one, by its name, tells the rest."
)


def overview_shown(found: GetScenarioReportResponse) -> RenderableType:
    """Return a table of all scenarios: a line of 80 columns each, where nothing is stuck."""
    if not found.scenarios:
        return Text("No scenario is defined, and no journey is kept.")
    shown = table("scenario", "now", "entered", "goal", "points over held out")
    for column in shown.columns:
        column.no_wrap = column.header != "now"  # one by its name is what is asked for next
    for report in found.scenarios:
        add_row(
            shown,
            report.scenario,
            _now(report),
            _entered(report),
            group_share(report.goal.entered) if report.HasField("goal") else "",
            Text(points_said(report), style="" if is_clear(report) else "dim"),
            style="red" if report.stuck else None,
        )
    return Group(
        Text(f"{_period(found)}."), Text(""), shown, Text(""), Text(_OVERVIEW, style="dim")
    )


def _now(report: ScenarioReport) -> str:
    """Say who is in it, and line by line what is not as usual: `70 (+40)`, `in shadow`."""
    if report.in_session:
        return mode_said(report)
    before = f" (+{report.waiting:,})" if report.waiting else ""
    said = [f"{report.under_way:,}{before}"]
    if (mode := mode_said(report)) != IN_FORCE:
        said.append(mode)
    if report.stuck:
        said.append(f"{report.stuck:,} stuck")
    return "\n".join(said)


def _entered(report: ScenarioReport) -> str:
    if report.in_session:
        return ""
    part = f" ({report.entered / report.began:.0%})" if report.began else ""
    return f"{report.entered:,}{part}"


def scenario_shown(found: GetScenarioReportResponse) -> RenderableType:
    """Return what is printed of one scenario, stage by stage."""
    (report,) = found.scenarios
    title = f" · {report.title}" if report.title else ""
    parts: list[RenderableType] = [
        Text(f"{report.scenario}{title}", style="bold"),
        Text(f"{_capital(mode_said(report))}.{_begins(report)}{aim_said(report)}"),
    ]
    failed = [Text(line, style="red") for line in failed_said(report)]
    if report.in_session:
        return Group(*parts, Text(_KEPT_NOWHERE), *failed)
    parts.append(Text(_stands(report)))
    parts += [Text(f"{each.journeys:,} parked: {each.reason}") for each in report.parked_before]
    if report.stuck:
        parts.append(Text(_stuck(report), style="red"))
    parts += failed
    parts.append(
        Text(
            f"{_period(found)}: {several(report.entered, 'entered', 'entered')} of"
            f" {report.began:,} that began."
        )
    )
    parts += [Text(line) for line in (*taken_up_said(report), *_goal(report))]
    parts += [Text(""), _stages(report)]
    parts += [Text(line) for stage in report.stages for line in _details(stage)]
    if report.ends:
        parts += [Text(""), _ends(report)]
    return Group(*parts)


def _stages(report: ScenarioReport) -> Table:
    shown = table(
        "stage", "does", "now", "parked", "entered", "goal", "median time (tenths)", "leads to"
    )
    for stage in report.stages:
        gone = report.defined and not stage.defined
        add_row(
            shown,
            stage.stage,
            "only in earlier editions" if gone else stage.does,
            f"{stage.here:,}",
            f"{sum(each.journeys for each in stage.parked):,}",
            f"{stage.entered:,}",
            share(stage.reached, stage.journeys),
            time_in(stage),
            "\n".join(_ways(stage)),
            style="red" if stuck_said(stage) else None,
        )
    return shown


def _ways(stage: StageReport) -> Iterator[str]:
    for way in stage.ways:
        part = f" ({share(way.journeys, stage.left)})" if stage.left else ""
        if way.passes:
            part = " past it"
        yield f"{way.to or 'end'} {way.journeys:,}{part}"


def _details(stage: StageReport) -> Iterator[str]:
    """Yield what a stage's line has no room for."""
    lines = [*parked_said(stage), stuck_said(stage), tasks_said(stage), *errands_said(stage)]
    lines.append(f"ended here: {said}" if (said := ended_here(stage.ends)) else "")
    told = [line for line in lines if line]
    if told:
        yield f"\n{stage.stage}"
        yield from (f"  {line}" for line in told)


def _ends(report: ScenarioReport) -> Table:
    shown = table("what became of them", "entered", "journeys", "of all that began")
    for end in report.ends:
        entered = "yes" if end.entered else "no"
        add_row(
            shown, end_said(end), entered, f"{end.journeys:,}", share(end.journeys, report.began)
        )
    return shown


def _goal(report: ScenarioReport) -> Iterator[str]:
    if not report.HasField("goal"):
        return
    entered, held_out = report.goal.entered, report.goal.held_out
    counts_for = report.goal.counts_for.ToMicroseconds() / 1e6
    within = f" within {duration(counts_for).removesuffix(' 0 h')}" if counts_for else ""
    yield (
        f"Goal{within}: {group_share(entered)} of"
        f" {several(entered.people, 'person', 'people')} who met what it takes,"
        f" {group_share(held_out)} of {held_out.people:,} held out."
    )
    if report.goal.HasField("difference"):
        verdict = "more than chance" if is_clear(report) else "not more than chance would have"
        yield f"Difference: {difference_said(report)}, {verdict}."
    if report.aim == ScenarioAim.ORDER_VALUE and (entered.valued or held_out.valued):
        yield (
            f"Their orders were worth {worth_said(entered.mean_value_micros)} on average,"
            f" {worth_said(held_out.mean_value_micros)} of those held out."
        )
    if entered.in_time or held_out.in_time:
        yield f"{entered.in_time:,} and {held_out.in_time:,} of them still have time."


def _stands(report: ScenarioReport) -> str:
    return (
        f"Now: {report.waiting:,} before the first stage, {report.under_way:,} in a stage,"
        f" {report.parked:,} of all parked."
    )


def _stuck(report: ScenarioReport) -> str:
    return (
        f"{report.stuck:,} stuck: due for more than five minutes and not moved, parked for more"
        " than a day, or in a stage for more than 90 days that no time ends."
    )


def _period(found: GetScenarioReportResponse) -> str:
    until = found.until_time.ToDatetime().strftime("%Y-%m-%d %H:%M")
    if not found.HasField("since_time"):
        return f"Until {until} UTC"
    return f"Began {found.since_time.ToDatetime().strftime('%Y-%m-%d %H:%M')} to {until} UTC"


def _begins(report: ScenarioReport) -> str:
    return f" Begins with {report.begins_with}." if report.begins_with else ""


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]
