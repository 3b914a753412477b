"""Shows what scenarios would have done: entries, ends, messages, tasks, limits and goals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape

from cli.console import add_row, table
from cli.showing.how_often import show_how_often
from cli.showing.scenario_words import aim_said, worth_said
from cli.showing.words import several
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.rules.v1.scenarios_pb2 import ScenarioAim
from touchpoint.scenario.v1.backtest_pb2 import (
    Backtest,
    BacktestDay,
    BacktestScenario,
    BacktestShift,
)

_WIDTH = 40
"""Of a bar."""
_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_GROUPS = {
    "entered": "entered",
    "full": "no room by its limits",
    "yielded": "gave way to another of its group",
    "held_out": "held out",
}
_ENDS = {
    "": "still under way",
    "reached": "reached the goal",
    "answered": "answered an offer",
    "not_so": "did not meet the condition",
    "passed": "every stage had its time",
    "obstructed": "given up while parked",
    "merged": "ended with another journey",
    "left": "left by a way out",
    "noted": "too seldom so far",
    "full": "no room",
    "yielded": "gave way to another of its group",
    "circled": "went in circles",
    "held_out": "held out",
}


def show_backtest(console: Console, backtest: Backtest) -> None:
    """Show the whole of it, scenario by scenario."""
    since, until = backtest.since_time.ToDatetime(), backtest.until_time.ToDatetime()
    share = backtest.events_moving / backtest.events if backtest.events else 0.0
    console.print(
        f"{several(backtest.events, 'event')} from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
        f" UTC, of which {backtest.events_moving} ({share:.1%}) move a journey;"
        f" {several(backtest.events_before, 'event')} before that,"
        f" {several(backtest.people, 'person', 'people')}."
    )
    for each in backtest.scenarios:
        _show_scenario(console, each)
    if sum(bool(each.days) for each in backtest.scenarios) > 1:
        _show_days(console, "All scenarios, by day", backtest.days)
    if backtest.shifts:
        console.print("\nThere to call:")
        for shift in backtest.shifts:
            console.print(f" - {escape(_shift_said(shift))}")
    if backtest.calls_per_day:
        calls = several(backtest.calls_per_day, "call")
        console.print(f"\nAgents can make {calls} a day; tasks beyond that waited.")
    if backtest.not_folded:
        failed = sum(backtest.not_folded.values())
        console.print(f"\n{several(failed, 'event')} could not be counted in a profile.")
    console.print("\nWhat these numbers do not say:")
    for caveat in backtest.caveats:
        console.print(f" - {escape(caveat)}")


def _shift_said(shift: BacktestShift) -> str:
    skills = f" with {', '.join(shift.skills)}" if shift.skills else ""
    days = ", ".join(_WEEK[day - 1] for day in shift.days) or "working days"
    hours = "-".join(f"{at // 60:02}:{at % 60:02}" for at in (shift.from_minute, shift.to_minute))
    return f"{several(shift.agents, 'agent')}{skills}, {hours} on {days}"


def _show_scenario(console: Console, told: BacktestScenario) -> None:
    report = told.report
    shadow = " (in shadow)" if report.mode == RuleMode.SHADOW else ""
    console.print(f"\n[bold]{escape(report.scenario)}[/bold] {escape(report.title)}{shadow}")
    if said := aim_said(report):
        console.print(f" {said}", markup=False)
    if report.in_session:
        console.print("  lives in the session: it is not played")
        return
    console.print(
        f"  {report.began} began, {report.entered} entered the first stage;"
        f" {report.waiting} wait before it and {report.under_way} are in a stage at the end"
    )
    if not report.began:
        return
    show_how_often(console, told.how_often)
    ends = table("what became of them", "journeys")
    for end in report.ends:
        word = f": {end.ended_as}" if end.ended_as else ""
        where = "" if end.entered or not end.outcome else ", before the first stage"
        said = _ENDS.get(end.outcome, end.outcome)
        add_row(ends, f"{said}{word}{where}", str(end.journeys))
    console.print(ends)
    _show_stages(console, told)
    _show_groups(console, told)
    if told.messages_over_limit:
        over = several(told.messages_over_limit, "message")
        console.print(f"  {over} not sent: the journey had sent as many as it may.")
    _show_days(console, "By day", told.days)


def _show_stages(console: Console, told: BacktestScenario) -> None:
    if not any(stage.entered for stage in told.report.stages):
        return
    stages = table("stage", "does", "entered", "goal after", "leads to", "messages and tasks")
    for stage in told.report.stages:
        ways = [f"{way.to or 'the end'} {way.journeys}" for way in stage.ways if way.journeys]
        done = [f"{each.state} {each.errands}{_because(each.reason)}" for each in stage.errands]
        done += [f"task {each.outcome or 'open'} {each.tasks}" for each in stage.tasks]
        add_row(
            stages,
            stage.stage,
            stage.does,
            str(stage.entered),
            str(stage.reached),
            ", ".join(ways),
            ", ".join(done),
        )
    console.print(stages)


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _show_groups(console: Console, told: BacktestScenario) -> None:
    if not told.groups or not any(group.reached or group.in_time for group in told.groups):
        return
    columns = ["people", "reached the goal", "share", "still in time"]
    of_orders = told.report.aim == ScenarioAim.ORDER_VALUE
    groups = table("who met what it takes", *columns, *(["mean order"] if of_orders else []))
    for group in told.groups:
        share = group.reached / group.people if group.people else 0.0
        add_row(
            groups,
            _GROUPS.get(group.group, group.group),
            str(group.people),
            str(group.reached),
            f"{share:.1%}",
            str(group.in_time),
            *([worth_said(group.mean_value_micros)] if of_orders else []),
        )
    console.print(groups)


def _show_days(console: Console, title: str, days: Sequence[BacktestDay]) -> None:
    """Show days as rows, with a bar of the messages and tasks that they would have brought."""
    if not days:
        return
    channels = sorted({each.channel for day in days for each in day.messages})
    names = [Channel.Value.Name(channel) for channel in channels]
    shown = table("day", "entries", *names, "tasks", "", title=title)
    most = max(map(_load, days))
    for day in days:
        sent = Counter({each.channel: each.sent for each in day.messages})
        bar = "█" * round(_WIDTH * _load(day) / most) if most else ""
        cells: Iterable[str] = (str(sent[channel]) for channel in channels)
        add_row(shown, day.day, str(day.entries), *cells, str(day.tasks), bar)
    console.print(shown)


def _load(day: BacktestDay) -> int:
    return day.tasks + sum(each.sent for each in day.messages)
