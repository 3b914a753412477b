"""`touchpoint load`: how many requests a second are answered in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import Progress

from cli.console import Exit, aside, fail, people, say_json, unreachable
from cli.load.deadlines import Deadlines, held, read_share
from cli.load.edge import recommending
from cli.load.generator import drive
from cli.load.outcome import NothingSentError, Outcome, Summary
from cli.load.people import read_people, requests, visitors
from cli.load.report import histogram, table
from cli.load.schedule import Profile, arrivals
from cli.options import (
    DEFAULT_PLACEMENT,
    ChannelOption,
    EdgeOption,
    HomeOption,
    JsonOption,
    PlacementsOption,
)
from cli.reach import reach
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.client import channel as read_channel

RateOption = Annotated[float, typer.Option(min=0.1, help="Requests a second.")]
DurationOption = Annotated[float, typer.Option("--duration", min=1, help="Seconds.")]
DeadlineOption = Annotated[float, typer.Option(min=1, help="The callers' deadline.")]
PeopleOption = Annotated[
    Path | None,
    typer.Option("--people", help="File of kind:value lines; else visitors nobody knows."),
]
ProfileOption = Annotated[
    Profile,
    typer.Option(
        help="How the rate goes: steady; from nothing up to it; five times as much for a fifth."
    ),
]
SeedOption = Annotated[int, typer.Option(help="The same seed, the same requests.")]
ThresholdOption = Annotated[
    str,
    typer.Option(
        "--min-in-time",
        metavar="SHARE",
        help="Exit code 1 where fewer are answered before the deadline, degraded or not: 99%.",
    ),
]
_UNREACHABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class _Load:
    edge: str
    rate: float
    duration_s: float
    deadline_s: float
    seed: int
    profile: Profile


def load(
    rate: RateOption = 20.0,
    duration_s: DurationOption = 10.0,
    deadline_ms: DeadlineOption = 100.0,
    placements: PlacementsOption = None,
    channel: ChannelOption = "WEB",
    who: PeopleOption = None,
    seed: SeedOption = 1,
    profile: ProfileOption = Profile.STEADY,
    min_in_time: ThresholdOption = "0%",
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the edge at a rate, as its callers would, and report on their deadlines.

    Requests are sent when they are due, however slow the answers (open loop, Poisson arrivals).
    These are live decisions: they are stored, and may spend contacts.

    Example: touchpoint load --rate 50 --duration 30 --deadline-ms 100 --min-in-time 99%
    """
    told = _Load(reach(home, edge).edge, rate, duration_s, deadline_ms / 1000, seed, profile)
    try:
        threshold = read_share(min_in_time)
        wanted = _wanted(who, channel, placements or [DEFAULT_PLACEMENT], seed)
        summary, kept = uvloop.run(_run(told, wanted, Console(quiet=True) if as_json else aside))
    except NothingSentError as error:
        fail(f"{error}: give a longer --duration or a higher --rate", Exit.USAGE)
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    if as_json:
        say_json({**summary.as_json(), "deadline": kept.as_json()})
    else:
        people.print(table(summary, kept, _title(told)))
        people.print(histogram(kept))
    _end(summary, kept, told, threshold)


def _title(told: _Load) -> str:
    rate = f"{told.rate:g} requests a second, {told.profile.value}"
    return f"{rate}, deadline {told.deadline_s * 1000:g} ms"


def _end(summary: Summary, kept: Deadlines, told: _Load, threshold: float) -> None:
    """End with the exit code that the figures deserve."""
    if summary.reasons.get(_UNREACHABLE) == summary.requests:
        fail(unreachable(told.edge), Exit.UNREACHABLE)
    if summary.failed == summary.requests:
        fail(f"Not one request was answered at {told.edge}; the reasons stand above.")
    if kept.in_time_share < threshold:
        fail(f"{kept.in_time_share:.2%} were answered in time, fewer than {threshold:.2%}.")


def _wanted(
    who: Path | None, channel: str, placements: list[str], seed: int
) -> Iterator[RecommendRequest]:
    """Make the requests; raises ValueError for a file or a channel that cannot be used."""
    try:
        asked = read_people(who) if who else visitors()
    except OSError as error:
        raise ValueError(f"{who} cannot be read: {error.strerror}") from error
    return requests(asked, read_channel(channel), placements, seed)


async def _run(
    told: _Load, wanted: Iterator[RecommendRequest], console: Console
) -> tuple[Summary, Deadlines]:
    due = arrivals(told.profile, told.rate, told.duration_s, told.seed)
    outcomes: list[Outcome] = []

    def noted(outcome: Outcome) -> bool:
        outcomes.append(outcome)
        return False

    async with recommending(told.edge, told.deadline_s) as send:
        with Progress(console=console, transient=True, refresh_per_second=4) as progress:
            bar = progress.add_task(f"{told.rate:g}/s", total=told.duration_s)
            summary = await drive(
                send, wanted, due, lambda at: progress.update(bar, completed=at), noted
            )
    return summary, held(outcomes, told.deadline_s)
