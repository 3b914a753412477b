"""`touchpoint load`: how many requests a second are answered in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
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
from cli.load.mix import Part, read_mix
from cli.load.outcome import NothingSentError, Outcome, Summary, summarise
from cli.load.people import read_people, requests, visitors
from cli.load.report import by_part, histogram, table
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
from touchpoint.client import channel as read_channel
from touchpoint.common.v1.identity_pb2 import Identity

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
MixOption = Annotated[
    str,
    typer.Option(
        metavar="CHANNEL=WEIGHT,…",
        help="Several channels, each on its own: WEB=80,CALL_CENTER=20 or WEB:web.cart=1,IVR=1.",
    ),
]
ThresholdOption = Annotated[
    str,
    typer.Option(
        "--min-in-time",
        metavar="SHARE",
        help="Exit code 1 where fewer are answered before the deadline, degraded or not: 99%.",
    ),
]
_SEED_STEP = 1_000_003
"""Between the seeds of the parts: they neither arrive together nor share a session."""
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
    channel: ChannelOption = "",
    mix: MixOption = "",
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
    They ask for WEB unless --channel or --mix says otherwise. These are live decisions: they are
    stored, and may spend contacts.

    Example: touchpoint load --rate 50 --duration 30 --deadline-ms 100 --min-in-time 99%
    """
    told = _Load(reach(home, edge).edge, rate, duration_s, deadline_ms / 1000, seed, profile)
    try:
        threshold = read_share(min_in_time)
        parts = _parts(mix, channel, placements or [])
        asked = _people(who)
        console = Console(quiet=True) if as_json else aside
        found = uvloop.run(_run(told, parts, asked, console))
    except NothingSentError as error:
        fail(f"{error}: give a longer --duration or a higher --rate", Exit.USAGE)
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    if as_json:
        parted = {name: kept.as_json() for name, kept in found.parts.items()}
        say_json({**found.summary.as_json(), "deadline": found.kept.as_json(), "parts": parted})
    else:
        people.print(table(found.summary, found.kept, _title(told)))
        if len(parts) > 1:
            people.print(by_part(found.parts))
        people.print(histogram(found.kept))
    _end(found.summary, found.kept, told, threshold)


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


def _parts(mix: str, channel: str, placements: Sequence[str]) -> Sequence[Part]:
    """Say who asks for what; raises ValueError for a channel or a mix that cannot be used."""
    if not mix:
        name = channel or "WEB"
        return [Part(name.upper(), read_channel(name), placements or [DEFAULT_PLACEMENT], 1.0)]
    if channel or placements:
        raise ValueError("--mix names the channels and placements: leave --channel, --placement")
    return read_mix(mix)


def _people(who: Path | None) -> Sequence[Identity]:
    """Say whom is asked for; raises ValueError for a file that cannot be used."""
    try:
        return read_people(who) if who else visitors()
    except OSError as error:
        raise ValueError(f"{who} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _Found:
    summary: Summary
    kept: Deadlines
    parts: dict[str, Deadlines]


async def _run(
    told: _Load, parts: Sequence[Part], asked: Sequence[Identity], console: Console
) -> _Found:
    """Send each part as a process of its own: together they are one of the whole rate."""
    outcomes: dict[str, list[Outcome]] = {part.name: [] for part in parts}
    async with recommending(told.edge, told.deadline_s) as send:
        with Progress(console=console, transient=True, refresh_per_second=4) as progress:
            bar = progress.add_task(f"{told.rate:g}/s", total=told.duration_s)

            async def one(part: Part, seed: int) -> Summary:
                def noted(outcome: Outcome) -> bool:
                    outcomes[part.name].append(outcome)
                    return False

                wanted = requests(asked, part.channel, part.placements, seed)
                due = arrivals(told.profile, told.rate * part.share, told.duration_s, seed)
                return await drive(
                    send, wanted, due, lambda at: progress.update(bar, completed=at), noted
                )

            seeds = [told.seed + _SEED_STEP * place for place in range(len(parts))]
            began = time.perf_counter()
            summaries = await asyncio.gather(*map(one, parts, seeds))
            took_s = time.perf_counter() - began
    whole = [outcome for each in outcomes.values() for outcome in each]
    return _Found(
        summarise(whole, took_s, sum(each.late_sends for each in summaries)),
        held(whole, told.deadline_s),
        {name: held(each, told.deadline_s) for name, each in outcomes.items()},
    )
