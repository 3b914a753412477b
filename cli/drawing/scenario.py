"""Draws the stages of a scenario as boxes and ways between them, with live counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

from cli.drawing.layout import Link, Node, Route, laid_out
from cli.drawing.lettering import LINE
from cli.drawing.scenario_lines import (
    BOX,
    KEY,
    PAD,
    Line,
    begun,
    entered,
    headed,
    high,
    labelled,
    told,
    widest,
)
from cli.drawing.shapes import (
    BACK,
    INK,
    RULE,
    Box,
    Curve,
    Head,
    Picture,
    Point,
    Shape,
    Towards,
    Words,
)
from cli.drawing.writing import write
from touchpoint.scenario.v1.reports_pb2 import ScenarioReport

_MARGIN = 28.0
_LOOP = 40.0
_START, _END_SIZE = "\0start", 9.0
_END = "\0end of "


@dataclass(slots=True)
class _Drawn:
    """Boxes and ways, gathered before they are laid out."""

    nodes: list[Node] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    """Of each box."""
    labels: list[list[Line]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    """Journeys of each link, as the labels beside it."""
    loops: dict[str, list[Line]] = field(default_factory=dict)
    """Labels of the stages that lead to themselves."""

    def link(self, start: str, to: str, label: list[Line], count: int, weight: float) -> None:
        self.links.append(Link(start, to, widest(label) + 10, high(label) + 4, weight))
        self.labels.append(label)
        self.counts.append(count)


def draw(report: ScenarioReport, now: datetime, path: Path) -> None:
    """Write the picture as SVG or PNG by the name of the file; raises CommandError, OSError."""
    write(pictured(report, now), path)


def pictured(report: ScenarioReport, now: datetime) -> Picture:
    """Return the picture of a scenario as of a moment."""
    drawn = _Drawn()
    _gather(drawn, report)
    laid = laid_out(drawn.nodes, drawn.links)
    head = headed(report, now)
    wide = max(laid.width, widest(head), widest(KEY))
    left = _MARGIN + (wide - laid.width) / 2
    top = _MARGIN + high(head) + 18
    boxes = {name: (x + left, y + top) for name, (x, y) in laid.boxes.items()}
    shapes: list[Shape] = _written(head, _MARGIN, _MARGIN)
    most = max([*drawn.counts, 1])
    ways = zip(laid.routes, drawn.links, drawn.labels, drawn.counts, strict=True)
    for route, link, label, count in ways:
        moved = Route(
            tuple((x + left, y + top) for x, y in route.points),
            (route.label[0] + left, route.label[1] + top),
            route.is_back,
        )
        shapes += _way(moved, label, count / most, ends=link.to.startswith(_END))
    shapes += _boxes(drawn, report, boxes)
    foot = top + laid.height + 24
    shapes += _written(KEY, _MARGIN, foot)
    return Picture(
        width=wide + 2 * _MARGIN,
        height=foot + high(KEY) + _MARGIN,
        title=f"{report.scenario} {report.title}".strip(),
        shapes=tuple(shapes),
    )


def _gather(drawn: _Drawn, report: ScenarioReport) -> None:
    names = {stage.stage for stage in report.stages}
    is_kept = not report.in_session
    _add(drawn, _START, begun(report))
    for stage in report.stages:
        loops = [way for way in stage.ways if way.to == stage.stage]
        if loops:
            drawn.loops[stage.stage] = [
                line for way in loops for line in labelled(way, stage, is_kept=is_kept)
            ]
        beside = _LOOP + widest(drawn.loops[stage.stage]) if loops else 0.0
        _add(drawn, stage.stage, told(stage, is_kept=is_kept), beside)
    if report.stages:
        first = report.stages[0]
        drawn.link(_START, first.stage, entered(report), report.entered, 3.0)
    for stage, following in zip_longest(report.stages, report.stages[1:]):
        for way in stage.ways:
            if way.to == stage.stage or (way.to and way.to not in names):
                continue
            to = way.to
            if not to:
                to = f"{_END}{stage.stage}"
                drawn.nodes.append(Node(to, _END_SIZE, _END_SIZE))
            is_next = following is not None and way.to == following.stage
            label = labelled(way, stage, is_kept=is_kept)
            drawn.link(stage.stage, to, label, way.journeys, 3.0 if is_next else 1.0)


def _add(drawn: _Drawn, name: str, lines: list[Line], beside: float = 0.0) -> None:
    drawn.lines[name] = lines
    drawn.nodes.append(Node(name, BOX, high(lines) + 2 * PAD, beside))


def _boxes(drawn: _Drawn, report: ScenarioReport, boxes: dict[str, Point]) -> list[Shape]:
    shapes: list[Shape] = []
    gone = {stage.stage for stage in report.stages if report.defined and not stage.defined}
    for node in drawn.nodes:
        x, y = boxes[node.name]
        if node.name.startswith(_END):
            shapes.append(Box(x, y, node.width, node.height, _END_SIZE / 2, INK, INK, hint="end"))
            continue
        radius = node.height / 2 if node.name == _START else 6.0
        hint = _hint(report, node.name)
        shapes.append(
            Box(
                *(x, y, node.width, node.height, min(radius, 20.0)),
                line=RULE if node.name == _START else INK,
                is_dashed=node.name in gone,
                hint=hint,
            )
        )
        is_start = node.name == _START
        shapes += _written(drawn.lines[node.name], x + PAD, y + PAD, node.width, is_start)
        if node.name in drawn.loops:
            shapes += _loop(drawn.loops[node.name], x + node.width, y + node.height / 2)
    return shapes


def _hint(report: ScenarioReport, name: str) -> str:
    """Return all reasons that lead out of a stage: labels have no room for long ones."""
    found = next((stage for stage in report.stages if stage.stage == name), None)
    ways = found.ways if found is not None else ()
    return "\n".join(f"{' / '.join(way.reasons)} → {way.to or 'end'}" for way in ways)


def _way(route: Route, label: list[Line], part: float, *, ends: bool) -> list[Shape]:
    """Draw a way, the thicker the more took it."""
    colour = BACK if route.is_back else INK
    weight = 1.0 + 2.5 * math.sqrt(part)
    shapes: list[Shape] = [Curve(route.points, colour, weight)]
    if not ends:
        towards: Towards = "up" if route.is_back else "down"
        shapes.append(Head(route.points[-1], towards, colour, 5.5 + 1.5 * weight))
    x, y = route.label
    across, down = widest(label) + 6, high(label) + 2
    paper = Box(x - across / 2, y - down / 2, across, down, radius=0, line="")
    return [*shapes, paper, *_centred(label, x, y - high(label) / 2)]


def _loop(label: list[Line], x: float, y: float) -> list[Shape]:
    return [
        Curve(((x, y - 14), (x, y + 14)), BACK, is_sideways=True),
        Head((x, y + 14), "left", BACK),
        *_written(label, x + _LOOP - 8, y - high(label) / 2),
    ]


def _written(
    lines: Sequence[Line], x: float, y: float, box: float = 0.0, is_centred: bool = False
) -> list[Shape]:
    if is_centred:
        return _centred(lines, x - PAD + box / 2, y)
    shapes: list[Shape] = []
    for line in lines:
        y += line.size * LINE
        base = y - line.size * (LINE - 1)
        shapes.append(Words(x, base, line.text, line.size, line.fill, line.is_bold))
    return shapes


def _centred(lines: Sequence[Line], x: float, y: float) -> list[Shape]:
    shapes: list[Shape] = []
    for line in lines:
        y += line.size * LINE
        base = y - line.size * (LINE - 1)
        shapes.append(Words(x, base, line.text, line.size, line.fill, line.is_bold, True))
    return shapes
