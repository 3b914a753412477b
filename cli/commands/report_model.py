"""`touchpoint report model`: whether what the model foretells comes true."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToDict

from cli.calling import call, service
from cli.console import Exit, aside, fail, people, say_json
from cli.options import HomeOption, JsonOption
from cli.showing.calibration import FORMATS, calibration_shown, draw
from touchpoint.ranker.v1.calibration_pb2 import ReportCalibrationRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

_TIMEOUT_S = 600.0


def model(
    rows: Annotated[
        int, typer.Option(min=1, max=100_000, help="Of the learning log, the last so many.")
    ] = 20_000,
    chart: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too, as .png or .svg.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show whether what is foretold comes true: of what is foretold at 10%, a tenth.

    Each showing is taken as the model foretold it before it learned its answer. What was shown
    in the last 24 h may still be accepted and is left out, unless there is nothing else.

    Example: touchpoint report model

    Example: touchpoint report model --chart calibration.svg
    """
    if chart is not None and chart.suffix.lower() not in FORMATS:
        fail(f"--chart {chart}: a file that ends with {' or '.join(FORMATS)}", Exit.USAGE)
    request = ReportCalibrationRequest(rows=rows)
    with service("ranker", home) as ranker:
        found = call(RankerServiceStub(ranker).ReportCalibration, request, _TIMEOUT_S)
    if as_json:
        told: dict[str, Any] = MessageToDict(found, always_print_fields_with_no_presence=True)
        say_json(told)
    else:
        people.print(calibration_shown(found))
    if chart is not None:
        draw(found, chart)
        aside.print(f"The chart is in {chart}.", markup=False)
