"""`touchpoint clock`: what time the suite has, and moving it in development."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Annotated

import typer

from cli.calling import call, service
from cli.console import Exit, fail, people, say_json
from cli.options import EdgeOption, HomeOption, JsonOption
from cli.showing.words import duration
from touchpoint.common.v1 import clock_service_pb2 as pb
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub

_BY = re.compile(r"\+(\d+)(w|d|h|m|min|s)")
_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}


def clock(
    by: Annotated[
        str, typer.Argument(metavar="[+TIME]", help="Forward: +7d, +12h, +30m, +2w, +45s.")
    ] = "",
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the suite's time, or move it forward for every service; development only.

    Example: touchpoint clock +7d
    """
    forward = parse_forward(by) if by else None
    with service("aggregator", home, edge) as channel:
        stub = ClockServiceStub(channel)
        answer: pb.GetClockResponse | pb.MoveClockResponse
        if forward is None:
            answer = call(stub.GetClock, pb.GetClockRequest())
        else:
            request = pb.MoveClockRequest()
            request.by.FromTimedelta(forward)
            answer = call(stub.MoveClock, request)
    if as_json:
        say_json(answer)
        return
    ahead_s = answer.offset.ToTimedelta().total_seconds()
    ahead = f", {duration(ahead_s)} ahead of real time" if ahead_s else ", real time"
    people.print(f"{answer.business_time.ToDatetime(tzinfo=UTC):%Y-%m-%d %H:%M:%S} UTC{ahead}")


def parse_forward(text: str) -> timedelta:
    """Read `+7d`; ends the command when it is anything else."""
    found = _BY.fullmatch(text)
    if found is None:
        fail(f"{text!r}: time only moves forward; say +7d, +12h, +30m, +2w or +45s", Exit.USAGE)
    return int(found[1]) * _UNITS[found[2]]
