"""What becomes of journeys, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.json_format import MessageToDict

from cli.showing.words import duration, several
from touchpoint.rules.v1.rules_pb2 import RuleMode
from touchpoint.rules.v1.scenarios_pb2 import ScenarioAim
from touchpoint.scenario.v1.reports_pb2 import (
    GetScenarioReportResponse,
    GoalGroup,
    JourneyEnd,
    ParkedJourneys,
    ScenarioReport,
    StageReport,
)

IN_FORCE: Final = "in force"
_MODES: Final = {RuleMode.SHADOW: "in shadow", RuleMode.OFF: "off"}
_AIMS: Final = {
    ScenarioAim.FIRST_SALE: "a first purchase",
    ScenarioAim.FREQUENCY: "purchases more often",
    ScenarioAim.ORDER_VALUE: "larger orders",
    ScenarioAim.WIN_BACK: "a purchase of somebody who stopped buying",
    ScenarioAim.SERVICE: "service; nothing need be sold",
}
_ENDS: Final = {
    "reached": "reached the goal",
    "answered": "answered the offer or call",
    "not_so": "not so any more when it was to be entered",
    "passed": "every stage had its time",
    "obstructed": "given up after being parked",
    "merged": "the person was on it already",
    "left": "an event or answer led out",
    "noted": "not often enough yet",
    "full": "no room left",
    "yielded": "gave way to another of its group",
    "circled": "went in circles without a pause",
    "held_out": "held out: would have entered",
    "": "under way",
}


def as_json_scenarios(found: GetScenarioReportResponse) -> dict[str, Any]:
    """Return all of it; fields that are 0 or false stand there too."""
    told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
    return told


def end_said(end: JourneyEnd) -> str:
    """Say why journeys ended."""
    said = _ENDS.get(end.outcome, end.outcome)
    if end.answer:
        said = end.answer.replace("_", " ")
    return f"{said}: {end.ended_as}" if end.ended_as else said


def aim_said(report: ScenarioReport) -> str:
    """Say what it is for; empty: its definition does not."""
    return f" Aim: {_AIMS[report.aim]}." if report.aim else ""


def worth_said(micros: int) -> str:
    """Say what goal orders were worth on average, `-` where there was none."""
    return f"{micros / 1e6:,.2f}" if micros else "-"


def mode_said(report: ScenarioReport) -> str:
    """Say whether a scenario is in force."""
    if not report.defined:
        return "not defined any more"
    if report.in_session:
        return "in the session" if report.mode != RuleMode.OFF else "off"
    return _MODES.get(report.mode, IN_FORCE)


def share(part: int, whole: int) -> str:
    """Say a share in percent, `-` of nothing."""
    return f"{part / whole:.1%}" if whole else "-"


def group_share(group: GoalGroup) -> str:
    """Say which share of a group reached the goal."""
    return share(group.reached, group.people)


def difference_said(report: ScenarioReport) -> str:
    """Say what it brought, in points with its interval; empty where nobody can tell."""
    return points_said(report, " points")


def points_said(report: ScenarioReport, unit: str = "") -> str:
    """Say it where the unit is known already: `+20.0 (+10.0 to +25.0)`."""
    if not report.goal.HasField("difference"):
        return ""
    found = report.goal.difference
    return (
        f"{found.difference * 100:+.1f}{unit} ({found.low * 100:+.1f} to {found.high * 100:+.1f})"
    )


def is_clear(report: ScenarioReport) -> bool:
    """Say whether the difference is more than chance would have."""
    found = report.goal.difference
    return report.goal.HasField("difference") and not found.low <= 0 <= found.high


def time_in(stage: StageReport) -> str:
    """Say how long people were in a stage: `2 d (1 h 3 min to 3 d)`; empty while nobody left."""
    if not stage.left:
        return ""
    low, middle, high = (
        duration(each.ToMicroseconds() / 1e6).removesuffix(" 0 h").removesuffix(" 0 min")
        for each in (stage.low_time, stage.median_time, stage.high_time)
    )
    return middle if low == high else f"{middle} ({low} to {high})"


def tasks_said(stage: StageReport) -> str:
    """Say what became of a stage's tasks: `tasks: 3 accepted, 2 open`."""
    said = [f"{each.tasks:,} {_spaced(each.outcome) or 'open'}" for each in stage.tasks]
    return f"tasks: {', '.join(said)}" if said else ""


def errands_said(stage: StageReport) -> list[str]:
    """Say what became of messages, attributes and notes of a stage: `messages: 3 sent`."""
    names = {"message": "messages", "attributes": "attributes", "note": "notes"}
    return [
        f"{name}: {', '.join(said)}"
        for kind, name in names.items()
        if (said := [_errands(each) for each in stage.errands if each.kind == kind])
    ]


def failed_said(report: ScenarioReport) -> list[str]:
    """Say which conditions could not be evaluated, and what was so for it."""
    return [
        f"{each.place} could not be evaluated: {several(each.times, 'time')}, each as if it did"
        " not hold."
        for each in report.failed_conditions
    ]


def taken_up_said(report: ScenarioReport) -> list[str]:
    """Say how many people were taken up who were quiet already; nothing where none are looked for.

    `quiet already: 120 taken up of 3,000 looked at, 20 entered, 60 wait, the last until …`.
    """
    if not report.HasField("taken_up"):
        return []
    taken = report.taken_up
    of = f" of {taken.looked_at:,} looked at" if taken.looked_at else ""
    said = [f"{taken.began:,} taken up{of}", f"{taken.entered:,} entered"]
    if taken.waiting:
        said.append(
            f"{taken.waiting:,} wait, the last until {taken.last_time.ToDatetime():%Y-%m-%d %H:%M}"
            " UTC"
        )
    if not taken.is_through:
        said.append("the log is still being searched")
    return [f"Quiet already: {', '.join(said)}."]


def parked_said(stage: StageReport) -> list[str]:
    """Say why journeys are parked, and when the first of them may go on."""
    return [f"{each.journeys:,} parked: {each.reason}{_goes_on(each)}" for each in stage.parked]


def _goes_on(parked: ParkedJourneys) -> str:
    if not parked.HasField("goes_on_time"):
        return ""
    return f", looked at again {parked.goes_on_time.ToDatetime():%Y-%m-%d %H:%M} UTC"


def stuck_said(stage: StageReport) -> str:
    """Say what is stuck in a stage; empty: nothing."""
    said = [f"{stage.overdue:,} overdue"] if stage.overdue else []
    said += [f"{stage.parked_long:,} parked for more than a day"] if stage.parked_long else []
    said += [f"{stage.endless:,} for more than 90 days without an end"] if stage.endless else []
    return f"stuck: {', '.join(said)}" if said else ""


def _errands(each: Any) -> str:
    reason = f" ({each.reason})" if each.reason else ""
    return f"{each.errands:,} {each.state}{reason}"


def _spaced(word: str) -> str:
    return word.replace("_", " ")


def ended_here(ends: Iterable[JourneyEnd]) -> str:
    """Say what ended journeys in a stage other than its ways: `12 reached the goal`."""
    return ", ".join(f"{each.journeys:,} {end_said(each)}" for each in ends)
