"""The arguments and options of `touchpoint report experiment`."""

from __future__ import annotations

from typing import Annotated

import typer

PLAN = "To plan one"
"""The panel of what goes with --plan, and with it alone."""

NameArgument = Annotated[
    str,
    typer.Argument(metavar="[NAME]", help="One that is or was, or `holdout`; else all in force."),
]
SinceOption = Annotated[
    str,
    typer.Option(
        metavar="DAYS", help="So far back, such as 30d, for one look; else since it began."
    ),
]
UntilOption = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="Until then, such as 2026-11-01, by the run of then; else until it ended, or now.",
    ),
]
PlanOption = Annotated[
    bool,
    typer.Option(
        "--plan", help="Say how many people and days one would need.", rich_help_panel=PLAN
    ),
]
MeasureOption = Annotated[
    str, typer.Option(metavar="MEASURE", help="What it is to change.", rich_help_panel=PLAN)
]
EffectOption = Annotated[
    str,
    typer.Option(metavar="SHARE", help="By how much at least, such as 5%.", rich_help_panel=PLAN),
]
ShareOption = Annotated[
    str, typer.Option(metavar="SHARE", help="How many take part.", rich_help_panel=PLAN)
]
GroupsOption = Annotated[
    int,
    typer.Option(
        min=2, max=10, help="Groups of equal size, the control too.", rich_help_panel=PLAN
    ),
]
PowerOption = Annotated[
    float,
    typer.Option(min=0.5, max=0.99, help="How surely it is to be found.", rich_help_panel=PLAN),
]
