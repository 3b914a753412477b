"""What is written into the picture of a scenario, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cli.drawing.lettering import LINE, width, wrapped
from cli.drawing.shapes import ACCENT, FAINT, INK, WARNING
from cli.showing.scenario_words import (
    difference_said,
    ended_here,
    errands_said,
    group_share,
    mode_said,
    parked_said,
    share,
    stuck_said,
    tasks_said,
    time_in,
)
from touchpoint.scenario.v1.reports_pb2 import ScenarioReport, StageReport, StageWay

BOX, PAD = 236.0, 11.0
"""Width of a box, and what its text keeps from its edge."""
_LABEL = 148.0
_NAME, _TEXT, _SMALL = 13.0, 11.0, 10.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a box or label."""

    text: str
    size: float = _TEXT
    fill: str = INK
    is_bold: bool = False


KEY: Final = (
    Line("The thicker a way, the more took it. Orange ways lead back.", _SMALL, FAINT),
    Line("A dot is the end. Shares are of those who left the stage.", _SMALL, FAINT),
)


def begun(report: ScenarioReport) -> list[Line]:
    """Return what stands at the beginning."""
    said = f"begins with {report.begins_with}" if report.begins_with else "in the session"
    lines = _paragraph(said, _SMALL, FAINT)
    if not report.in_session:
        lines.append(Line(f"{report.began:,} began, {report.waiting:,} wait", is_bold=True))
    for parked in report.parked_before:
        lines += _paragraph(f"{parked.journeys:,} parked: {parked.reason}", _SMALL, WARNING, most=2)
    return lines


def entered(report: ScenarioReport) -> list[Line]:
    """Return what stands at the way to the first stage."""
    return [] if report.in_session else [Line(f"{report.entered:,} entered", is_bold=True)]


def told(stage: StageReport, *, is_kept: bool) -> list[Line]:
    """Return what stands in the box of a stage; counts only where anything is kept."""
    lines = _paragraph(stage.stage, _NAME, INK, is_bold=True)
    does = ", ".join(filter(None, (stage.does or "only in earlier editions", stage.over)))
    lines += _paragraph(does, _SMALL, FAINT)
    if not is_kept:
        return lines
    lines.append(Line(f"{stage.here:,} now", _NAME, ACCENT if stage.here else FAINT, True))
    if stage.entered:
        goal = f", goal {share(stage.reached, stage.journeys)}"
        lines += _paragraph(f"{stage.entered:,} entered{goal}", _TEXT, INK)
    time = time_in(stage)
    lines += _paragraph(f"median {time}" if time else "", _TEXT, INK)
    lines += _paragraph(tasks_said(stage), _SMALL, FAINT)
    for errands in errands_said(stage):
        lines += _paragraph(errands, _SMALL, FAINT)
    elsewhere = [end for end in stage.ends if end.outcome not in ("passed", "left")]
    if elsewhere:
        lines += _paragraph(f"ended here: {ended_here(elsewhere)}", _SMALL, FAINT)
    for parked in parked_said(stage):
        lines += _paragraph(parked, _SMALL, WARNING, most=2)
    return lines + _paragraph(stuck_said(stage), _SMALL, WARNING, is_bold=True)


def labelled(way: StageWay, stage: StageReport, *, is_kept: bool) -> list[Line]:
    """Return what stands at a way: when it is taken, and how often it was."""
    reasons = list(way.reasons) or ["by an earlier edition"]
    lines = []
    for reason in reasons[:2]:
        lines += [Line(each, _SMALL, FAINT) for each in wrapped(reason, _LABEL, _SMALL, lines=2)]
    if len(reasons) > 2:
        lines.append(Line(f"and {len(reasons) - 2} more", _SMALL, FAINT))
    if not is_kept:
        return lines
    part = f" ({share(way.journeys, stage.left)})" if way.journeys and not way.passes else ""
    lines.append(Line(f"{way.journeys:,}{part}", _TEXT, INK, bool(way.journeys)))
    return lines


def headed(report: ScenarioReport, now: datetime) -> list[Line]:
    lines = [Line(report.scenario, 18.0, INK, True)]
    if report.title:
        lines.append(Line(report.title, 13.0))
    said = mode_said(report)
    lines.append(Line(f"{said[:1].upper()}{said[1:]}, {now:%Y-%m-%d %H:%M} UTC", _TEXT, FAINT))
    if report.HasField("goal"):
        goal = f"Goal: {group_share(report.goal.entered)} of {report.goal.entered.people:,}"
        goal += f", {group_share(report.goal.held_out)} of {report.goal.held_out.people:,} held out"
        if difference := difference_said(report):
            goal += f": {difference}"
        lines.append(Line(goal, _TEXT))
    if report.stuck:
        lines.append(Line(f"{report.stuck:,} stuck", _TEXT, WARNING, True))
    return lines


def _paragraph(
    text: str, size: float, fill: str, *, is_bold: bool = False, most: int = 3
) -> list[Line]:
    lines = wrapped(text, BOX - 2 * PAD, size, lines=most, bold=is_bold) if text else []
    return [Line(line, size, fill, is_bold) for line in lines]


def widest(lines: Sequence[Line]) -> float:
    return max((width(each.text, each.size, bold=each.is_bold) for each in lines), default=0.0)


def high(lines: Sequence[Line]) -> float:
    return sum(line.size * LINE for line in lines)
