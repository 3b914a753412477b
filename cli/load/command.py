"""`touchpoint load`: how many requests a second are answered in time, also with faults behind."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop
from rich.console import Console

from cli.console import Exit, aside, fail, failures_told, people, say_json, unreachable
from cli.drawing import writing
from cli.gathering import gathered_in
from cli.load.deadlines import read_share
from cli.load.faults.command import made_bad, own_suite, rehearse_and_show
from cli.load.faults.rehearsal import Plan
from cli.load.histogram import binned, pictured
from cli.load.mix import Part, read_mix
from cli.load.options import DURATION_S, FAULTS_CALLS, FAULTS_LEAST, FAULTS_RATE, RATE, LoadOptions
from cli.load.outcome import NothingSentError
from cli.load.people import read_people, requests, visitors
from cli.load.report import by_part, histogram, table
from cli.load.run import Found, Load, run
from cli.load.schedule import Profile
from cli.options import DEFAULT_PLACEMENT
from cli.reach import home_of, reach
from touchpoint.client import channel as read_channel
from touchpoint.common.v1.identity_pb2 import Identity

_UNREACHABLE = "UNAVAILABLE"


@gathered_in(LoadOptions)
def load(given: LoadOptions) -> None:
    """Ask the edge at a rate, as its callers would, and report on their deadlines.

    Requests are sent when they are due, however slow the answers (open loop, Poisson arrivals).
    They ask for WEB unless --channel or --mix says otherwise. These are live decisions: they are
    stored, and may spend contacts. --faults kills, freezes and slows what `touchpoint up` runs
    here, one service at a time, and leaves all of it well.

    Example: touchpoint load --rate 50 --duration 30 --deadline-ms 100 --min-in-time 99%

    Example: touchpoint load --faults --calls 200 --deadline-ms 100
    """
    console = Console(quiet=True) if given.as_json else aside
    with failures_told():
        if given.faults:
            rehearse_and_show(_plan(given), _least(given, f"{FAULTS_LEAST}"), console)
        else:
            _load_and_show(_load(given), _least(given, "0%"), given.picture, console)


def _plan(given: LoadOptions) -> Plan:
    """Say what is rehearsed; raises ValueError for what cannot be used."""
    shape = "" if given.profile is Profile.STEADY else given.profile.value
    only_plain = {"--mix": given.mix, "--profile": shape, "--duration": given.duration_s}
    _refuse({**only_plain, "--histogram": given.picture}, "goes without --faults")
    [part], asked = _parts(given), _people(given.who)
    place, address = own_suite(given.home, given.edge)
    return Plan(
        home=place,
        edge=address,
        requests=requests(asked, part.channel, part.placements, given.seed, _run_name()),
        names=made_bad(given.only or [], engines=given.engines),
        calls=given.calls or FAULTS_CALLS,
        rate=given.rate or FAULTS_RATE,
        deadlines_s=[given.deadline_ms / 1000],
        seed=given.seed,
    )


def _load(given: LoadOptions) -> Load:
    """Say what is sent; raises ValueError for what cannot be used."""
    only_faults = {"--calls": given.calls, "--only": given.only, "--engines": given.engines}
    _refuse(only_faults, "needs --faults")
    parts, asked = _parts(given), _people(given.who)
    return Load(
        home=home_of(given.home),
        edge=reach(given.home, given.edge).edge,
        rate=given.rate or RATE,
        duration_s=given.duration_s or DURATION_S,
        deadline_s=given.deadline_ms / 1000,
        seed=given.seed,
        profile=given.profile,
        parts=parts,
        people=asked,
        name=_run_name(),
    )


def _run_name() -> str:
    """Return a name that no other run has, so that its requests are its own."""
    return f"{time.time_ns():x}"


def _least(given: LoadOptions, usual: str) -> float:
    return read_share(given.min_in_time or usual)


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


def _parts(given: LoadOptions) -> Sequence[Part]:
    """Say who asks for what; raises ValueError for a channel or a mix that cannot be used."""
    if given.mix:
        if given.channel or given.placements:
            raise ValueError(
                "--mix names the channels and placements: leave --channel, --placement"
            )
        return read_mix(given.mix)
    name, placements = given.channel or "WEB", given.placements or [DEFAULT_PLACEMENT]
    return [Part(name.upper(), read_channel(name), placements, 1.0)]


def _people(who: Path | None) -> Sequence[Identity]:
    """Say whom is asked for; raises ValueError for a file that cannot be used."""
    try:
        return read_people(who) if who else visitors()
    except OSError as error:
        raise ValueError(f"{who} cannot be read: {error.strerror}") from error
