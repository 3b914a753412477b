"""The arguments and options of `touchpoint report audience`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ALIKE = "Look-alikes"
"""The panel of what goes with --alike, and with it alone."""
_MOST_ALIKE = 1_000_000

SegmentArgument = Annotated[str, typer.Argument(help="A segment that is in force.")]
WhenOption = Annotated[
    str, typer.Option(metavar="CEL", help="A condition, saved or not, instead of a segment's.")
]
SampleOption = Annotated[int, typer.Option(min=0, max=100, help="How many members to show.")]
RandomOption = Annotated[
    bool, typer.Option("--random", help="Show any members, not those who spent most.")
]
LiftsOption = Annotated[
    int, typer.Option(min=0, max=200, help="How many traits to show; 0: do not compare.")
]
AlikeOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=_MOST_ALIKE,
        help="Instead, find so many people who are like them.",
        rich_help_panel=ALIKE,
    ),
]
DidOption = Annotated[
    str,
    typer.Option(metavar="TYPE", help="Like those who did this: accept.", rich_help_panel=ALIKE),
]
OfferOption = Annotated[
    str, typer.Option(metavar="ID", help="… with this offer or item.", rich_help_panel=ALIKE)
]
PersonsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Like these people: a customer id, or a person id, a line.",
        rich_help_panel=ALIKE,
    ),
]
MinWeeksOption = Annotated[
    float,
    typer.Option(
        min=0.0, max=5_200.0, help="Only who is known for so long.", rich_help_panel=ALIKE
    ),
]
WithSeedOption = Annotated[
    bool, typer.Option("--with-seed", help="Show themselves too.", rich_help_panel=ALIKE)
]
LacksOption = Annotated[
    int,
    typer.Option(min=0, max=20, help="Categories that each still lacks.", rich_help_panel=ALIKE),
]
SinceOption = Annotated[
    str,
    typer.Option(metavar="DAYS", help="Only what happened lately: 180d.", rich_help_panel=ALIKE),
]
CsvOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write all of them there who agreed to sharing.",
        rich_help_panel=ALIKE,
    ),
]
InHouseOption = Annotated[
    bool,
    typer.Option(
        "--in-house",
        help="Write everybody to the file, which does not leave the house.",
        rich_help_panel=ALIKE,
    ),
]
