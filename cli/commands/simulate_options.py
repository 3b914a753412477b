"""The arguments and options of `touchpoint simulate`, and what its help says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TargetArgument = Annotated[
    str, typer.Argument(metavar="[DIR|HASH]", help="A folder of definitions, or a version.")
]
HistoryOption = Annotated[
    str,
    typer.Option(
        metavar="DAYS",
        help="So far back: 30d where nothing is said, as no decision is kept longer; of --events"
        " all of the file.",
    ),
]
AgainstOption = Annotated[
    str, typer.Option(metavar="HASH", help="Compare with this version; else what is in force.")
]
LimitOption = Annotated[
    int, typer.Option(min=1, max=20_000, help="How many decisions at most, evenly over the time.")
]
ExamplesOption = Annotated[int, typer.Option(min=0, max=100, help="How many examples.")]
OffersOption = Annotated[
    int, typer.Option(min=1, max=500, help="How many offers that gain, and that lose.")
]
ModelOption = Annotated[
    str, typer.Option(metavar="NAME", help="Judge this snapshot of the ranker's model instead.")
]
ExplorationOption = Annotated[
    str, typer.Option(metavar="SHARE", help="Judge ranking that may cost so much to try out.")
]
ScenariosOption = Annotated[
    bool, typer.Option("--scenarios", help="Play recorded events against the scenarios.")
]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only this scenario; repeatable. Goes with --scenarios."),
]
EventsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Play these events against the scenarios, read as by `touchpoint import events`.",
    ),
]
JobsOption = Annotated[
    int, typer.Option(min=0, max=64, help="Processes that play events. 0: one per processor.")
]
PersonScriptOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Let one person live through a script of events."),
]
AgentsOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=10_000,
        help="So many agents are there to call in place of messages. 0: nobody.",
        show_default=False,
    ),
]
SkillsOption = Annotated[
    str,
    typer.Option(
        metavar="SKILLS", help="What the --agents can do: sales,help. Else whatever tasks ask for."
    ),
]
HoursOption = Annotated[
    str,
    typer.Option(metavar="HOURS", help="When the --agents are there on working days. Else 9-17."),
]
ShiftsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Who is there to call, in a YAML list of {agents: 3, skills: [sales], hours: 9-17,"
        " days: [MON-FRI]}, in place of --agents.",
    ),
]
HELP = """Decide again what was decided, by other definitions, and tell what would change.

How many decisions, for whom, which offers gain and lose, which rules remove more or less, and
examples with the reason. Nothing takes effect, is reserved or counted. It goes at a quarter of
the service's pace, so that requests do not wait for it: some 2,000 decisions in a minute or
two.

Of decisions that were seen, the answers given say what the new definitions would have earned
(docs/off-policy.md). With --model or --exploration a model or a policy is judged in that way,
by the decisions of the ranker's journal: no definitions are read then.

With --person-script one person lives through a YAML of events with times, and a timeline tells
what scenarios make of it, with the values of their conditions.

With --scenarios recorded events are played against the scenarios, by the code that runs them
live: who enters and how it ends, messages and tasks by day, limits, goals (docs/scenarios.md).
With --events those of a file are played instead, and nothing of them is stored. Nobody is there
to call in place of a message, unless --agents or --shifts say who is.

Example: touchpoint simulate deploy/definitions

Example: touchpoint simulate deploy/definitions --history 7d --examples 20

Example: touchpoint simulate b37ad7da79b0 --against 3f9a61c02b7e --json

Example: touchpoint simulate --history 7d --exploration 0%

Example: touchpoint simulate deploy/definitions --scenarios --history 30d

Example: touchpoint simulate deploy/definitions --scenarios --agents 3 --skills sales --hours 9-17

Example: touchpoint simulate deploy/definitions --events last_year.jsonl --history 90d

Example: touchpoint simulate deploy/definitions --person-script ada.yaml
"""
