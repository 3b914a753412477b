"""`touchpoint report scenario`: what becomes of scenarios while they are live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.calling import business_time, call, service
from cli.commands.train import parse_days
from cli.console import Exit, aside, fail, people, say_json
from cli.drawing.scenario import draw
from cli.drawing.writing import FORMATS
from cli.options import HomeOption, JsonOption
from cli.showing.scenario_words import as_json_scenarios
from cli.showing.scenarios import overview_shown, scenario_shown
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

_TIMEOUT_S = 300.0


def scenario(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="This one, stage by stage; else all.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="With --draw: the picture, as .svg or .png."),
    ] = None,
    draw_it: Annotated[
        bool,
        typer.Option(
            "--draw", help="Draw its stages with live counts; without FILE as scenario-NAME.svg."
        ),
    ] = False,
    since: Annotated[
        str, typer.Option(metavar="DAYS", help="Journeys that began so far back, such as 30d.")
    ] = "30d",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is where in a scenario, what was passed, how long it took, and what it brought.

    Of every stage: people in it now, how often it was entered and left and by which way, the share
    that reached the goal, the time in it (median, a tenth took less, a tenth took longer), what
    became of tasks and messages, why journeys are parked, and what is stuck. Those who entered are
    compared with those of the holdout who would have, over the same time.

    Example: touchpoint report scenario

    Example: touchpoint report scenario abandoned_cart

    Example: touchpoint report scenario abandoned_cart --since 90d --draw

    Example: touchpoint report scenario abandoned_cart --draw flow.png
    """
    path = _picture(name, file, draw_it)
    days = parse_days(since)
    request = GetScenarioReportRequest(scenario=name)
    with service("scenario", home) as channel:
        request.since_time.FromDatetime(business_time(channel) - days)
        found = call(ScenarioServiceStub(channel).GetScenarioReport, request, _TIMEOUT_S)
        if as_json:
            say_json(as_json_scenarios(found))
        elif name:
            people.print(scenario_shown(found))
        else:
            people.print(overview_shown(found))
        if path is not None:
            draw(found.scenarios[0], found.until_time.ToDatetime(), path)
            aside.print(f"The picture is in {path}.", markup=False)


def _picture(name: str, file: Path | None, draw_it: bool) -> Path | None:
    """Return where to draw, None for nowhere; ends the command where that cannot be meant."""
    if not draw_it:
        if file is not None:
            fail(f"{file}: a file is written with --draw only", Exit.USAGE)
        return None
    if not name or name.lower().endswith(FORMATS):
        fail("--draw: say which, touchpoint report scenario NAME --draw [FILE]", Exit.USAGE)
    path = Path(f"scenario-{name}.svg") if file is None else file
    if path.suffix.lower() not in FORMATS:
        fail(f"{path}: a file that ends with {' or '.join(FORMATS)}", Exit.USAGE)
    return path
