"""The options of `touchpoint load`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.load.schedule import Profile
from cli.options import ChannelOption, EdgeOption, HomeOption, JsonOption, PlacementsOption

RATE, DURATION_S = 20.0, 10.0
FAULTS_RATE, FAULTS_CALLS, FAULTS_LEAST = 40.0, 200, 0.98
_FAULTS = "With a suite on this machine"


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What is asked for."""

    rate: Annotated[
        float | None,
        typer.Option(min=0.1, help=f"Requests a second: {RATE:g}, with --faults {FAULTS_RATE:g}."),
    ] = None
    duration_s: Annotated[
        float | None, typer.Option("--duration", min=1, help=f"Seconds: {DURATION_S:g}.")
    ] = None
    deadline_ms: Annotated[float, typer.Option(min=1, help="The callers' deadline.")] = 100.0
    placements: PlacementsOption = None
    channel: ChannelOption = ""
    mix: Annotated[
        str,
        typer.Option(
            metavar="CHANNEL=WEIGHT,…",
            help="Several channels, each on its own: "
            "WEB=80,CALL_CENTER=20 or WEB:web.cart=1,IVR=1.",
        ),
    ] = ""
    who: Annotated[
        Path | None,
        typer.Option("--people", help="File of kind:value lines; else visitors nobody knows."),
    ] = None
    seed: Annotated[int, typer.Option(help="The same seed, the same requests.")] = 1
    profile: Annotated[
        Profile,
        typer.Option(
            help="How the rate goes: steady; from nothing up to it; five times as much for a fifth."
        ),
    ] = Profile.STEADY
    min_in_time: Annotated[
        str,
        typer.Option(
            "--min-in-time",
            metavar="SHARE",
            help="Exit code 1 where fewer are answered before the deadline, degraded or not: 99%. "
            f"Else 0%, with --faults {FAULTS_LEAST:.0%} of each row.",
        ),
    ] = ""
    picture: Annotated[
        Path | None,
        typer.Option(
            "--histogram", metavar="FILE", help="Draw how long answers took, as .svg or .png."
        ),
    ] = None
    faults: Annotated[
        bool,
        typer.Option(
            "--faults",
            help="Make each service in turn dead, frozen and slow, and show what callers get.",
            rich_help_panel=_FAULTS,
        ),
    ] = False
    calls: Annotated[
        int | None,
        typer.Option(min=1, help=f"Of each row: {FAULTS_CALLS}.", rich_help_panel=_FAULTS),
    ] = None
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE",
            help="Make this one bad only; repeatable. An engine as well: postgres, nats.",
            rich_help_panel=_FAULTS,
        ),
    ] = None
    engines: Annotated[
        bool,
        typer.Option(
            "--engines", help="Freeze and slow PostgreSQL and NATS too.", rich_help_panel=_FAULTS
        ),
    ] = False
    edge: EdgeOption = ""
    home: HomeOption = None
    as_json: JsonOption = False
