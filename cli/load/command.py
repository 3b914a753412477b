"""`touchpoint load`: how many requests a second are answered in time, also with faults behind."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop
from rich.console import Console

from cli.console import Exit, aside, fail, failures_told, people, say_json, unreachable
from cli.drawing import writing
from cli.load.deadlines import read_share
from cli.load.faults.command import made_bad, own_suite, rehearse_and_show
from cli.load.faults.rehearsal import Plan
from cli.load.histogram import binned, pictured
from cli.load.mix import Part, read_mix
from cli.load.options import (
    DURATION_S,
    FAULTS_CALLS,
    FAULTS_LEAST,
    FAULTS_RATE,
    RATE,
    CallsOption,
    DeadlineOption,
    DurationOption,
    EnginesOption,
    FaultsOption,
    HistogramOption,
    MixOption,
    OnlyOption,
    PeopleOption,
    ProfileOption,
    RateOption,
    SeedOption,
    ThresholdOption,
)
from cli.load.outcome import NothingSentError
from cli.load.people import read_people, requests, visitors
from cli.load.report import by_part, histogram, table
from cli.load.run import Found, Load, run
from cli.load.schedule import Profile
from cli.options import (
    DEFAULT_PLACEMENT,
    ChannelOption,
    EdgeOption,
    HomeOption,
    JsonOption,
    PlacementsOption,
)
from cli.reach import home_of, reach
from touchpoint.client import channel as read_channel
from touchpoint.common.v1.identity_pb2 import Identity

_UNREACHABLE = "UNAVAILABLE"


def load(
    rate: RateOption = None,
    duration_s: DurationOption = None,
    deadline_ms: DeadlineOption = 100.0,
    placements: PlacementsOption = None,
    channel: ChannelOption = "",
    mix: MixOption = "",
    who: PeopleOption = None,
    seed: SeedOption = 1,
    profile: ProfileOption = Profile.STEADY,
    min_in_time: ThresholdOption = "",
    picture: HistogramOption = None,
    faults: FaultsOption = False,
    calls: CallsOption = None,
    only: OnlyOption = None,
    engines: EnginesOption = False,
    edge: EdgeOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the edge at a rate, as its callers would, and report on their deadlines.

    Requests are sent when they are due, however slow the answers (open loop, Poisson arrivals).
    They ask for WEB unless --channel or --mix says otherwise. These are live decisions: they are
    stored, and may spend contacts. --faults kills, freezes and slows what `touchpoint up` runs
    here, one service at a time, and leaves all of it well.

    Example: touchpoint load --rate 50 --duration 30 --deadline-ms 100 --min-in-time 99%

    Example: touchpoint load --faults --calls 200 --deadline-ms 100
    """
    console = Console(quiet=True) if as_json else aside
    run_name = f"{time.time_ns():x}"
    with failures_told():
        parts, asked = _parts(mix, channel, placements or []), _people(who)
        if faults:
            shape = "" if profile is Profile.STEADY else profile.value
            only_plain = {"--mix": mix, "--profile": shape, "--duration": duration_s}
            _refuse({**only_plain, "--histogram": picture}, "goes without --faults")
            place, address = own_suite(home, edge)
            plan = Plan(
                home=place,
                edge=address,
                requests=requests(asked, parts[0].channel, parts[0].placements, seed, run_name),
                names=made_bad(only or [], engines=engines),
                calls=calls or FAULTS_CALLS,
                rate=rate or FAULTS_RATE,
                deadlines_s=[deadline_ms / 1000],
                seed=seed,
            )
            rehearse_and_show(plan, read_share(min_in_time or f"{FAULTS_LEAST}"), console)
        else:
            _refuse({"--calls": calls, "--only": only, "--engines": engines}, "needs --faults")
            told = Load(
                home=home_of(home),
                edge=reach(home, edge).edge,
                rate=rate or RATE,
                duration_s=duration_s or DURATION_S,
                deadline_s=deadline_ms / 1000,
                seed=seed,
                profile=profile,
                parts=parts,
                people=asked,
                name=run_name,
            )
            _load_and_show(told, read_share(min_in_time or "0%"), picture, console)


def _refuse(told: Mapping[str, object], why: str) -> None:
    """Raise ValueError where an option is given that would do nothing."""
    for name, value in told.items():
        if value:
            raise ValueError(f"{name} {why}")


def _load_and_show(told: Load, threshold: float, picture: Path | None, console: Console) -> None:
    if picture:
        writing.check(picture)
    try:
        found = uvloop.run(run(told, console))
    except NothingSentError as error:
        raise ValueError(f"{error}: give a longer --duration or a higher --rate") from error
    if console.quiet:
        parted = {name: kept.as_json() for name, kept in found.parts.items()}
        say_json({**found.summary.as_json(), "deadline": found.kept.as_json(), "parts": parted})
    else:
        people.print(table(found.summary, found.kept, told.title))
        if len(told.parts) > 1:
            people.print(by_part(found.parts))
        people.print(histogram(found.kept))
    if picture:
        drawn = pictured(binned(found.outcomes, told.deadline_s), told.deadline_s, told.title)
        writing.write(drawn, picture)
    _end(found, told.edge, threshold)


def _end(found: Found, edge: str, threshold: float) -> None:
    """End with the exit code that the figures deserve."""
    summary, kept = found.summary, found.kept
    if summary.reasons.get(_UNREACHABLE) == summary.requests:
        fail(unreachable(edge), Exit.UNREACHABLE)
    if summary.failed == summary.requests:
        fail(f"Not one request was answered at {edge}; the reasons stand above.")
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
