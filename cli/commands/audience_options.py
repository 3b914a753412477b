"""The arguments and options of `touchpoint report audience`, and what its help says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ALIKE = "Look-alikes"
"""The panel of what goes with --alike, and with it alone."""
OFFERED = "Whom to tell of an offer"
"""The panel of what goes with the name of an offer, and with it alone."""
FILED = "As a file, with --alike or an offer"
_MOST_ALIKE = 1_000_000

NameArgument = Annotated[
    str, typer.Argument(help="A segment that is in force, or an offer or item.")
]
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
        rich_help_panel=FILED,
    ),
]
InHouseOption = Annotated[
    bool,
    typer.Option(
        "--in-house",
        help="Write everybody to the file, which does not leave the house.",
        rich_help_panel=FILED,
    ),
]

LimitOption = Annotated[
    int,
    typer.Option(help="How many people at most, up to 100,000.", rich_help_panel=OFFERED),
]
ToldByOption = Annotated[
    str,
    typer.Option(
        "--channel",
        help="EMAIL, SMS, PUSH, DIRECT_MAIL or CALL_CENTER; else the best allowed one of each.",
        rich_help_panel=OFFERED,
    ),
]
PlacementOption = Annotated[
    str,
    typer.Option(
        help="By the rules of this placement; else the first that shows such offers there.",
        rich_help_panel=OFFERED,
    ),
]
LookAtOption = Annotated[
    int,
    typer.Option(
        min=0, help="Of more people, look at a random share of so many.", rich_help_panel=OFFERED
    ),
]
TemplateOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Only who can be sent this message, and was not told of the offer by it yet.",
        rich_help_panel=OFFERED,
    ),
]
CampaignOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Under which name they are told of the offer, each once; else the template's.",
        rich_help_panel=OFFERED,
    ),
]
SendOption = Annotated[
    bool,
    typer.Option(
        "--send", help="Send it to them, when you confirmed that.", rich_help_panel=OFFERED
    ),
]
YesOption = Annotated[
    bool,
    typer.Option("--yes", help="Send without asking.", rich_help_panel=OFFERED),
]
HELP = """\
Count the people of a segment and say what makes them different, or whom to tell of an offer.

With a name and `--when` it also says who would enter and who would leave the segment by that
condition. Up to 50,000 people are counted one by one, of more a random sample; then every
number comes with the interval that holds it with a probability of 95%. Nothing is saved.

With `--alike` it finds those who are like them and not of them, judged by what they do per week
of acquaintance, with the categories that these buy and they do not. Whether somebody may be
approached is for the rules to say when it is done. A file has only those of them who agreed to
`sharing`, unless it stays in the house.

With an offer it lists whom to tell of it, by expected value (probability of acceptance times
value), after consent, contact limits and rules, and counts all others at the first obstacle. A
preview: it leaves no trace, until `--send` sends each of them a message; sent again, nobody
gets it twice. A name that is both is the segment, unless an option is about offers.

Example: touchpoint report audience best_customers

Example: touchpoint report audience free_shipping --limit 500 --channel EMAIL

Example: touchpoint report audience free_shipping --limit 500 --template spring --send

Example: touchpoint report audience lapsing --when 'customer.recency_days > 90.0'

Example: touchpoint report audience best_customers --alike 500 --csv like-them.csv

Example: touchpoint report audience --alike 500 --did accept --offer free-shipping
"""
