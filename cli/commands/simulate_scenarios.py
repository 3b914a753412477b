"""`touchpoint simulate --scenarios`: what scenarios would have done with recorded events."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.backtest.caveats import caveats_of_file
from cli.backtest.filed import past_of_file
from cli.backtest.gathering import (
    bundle_named,
    bundle_of,
    catalogue_of_suite,
    past_of_suite,
    tiers_of_suite,
    with_offers,
)
from cli.backtest.playing import Span
from cli.backtest.running import World, only, run
from cli.backtest.sharing import SharingError
from cli.backtest.shifts import Staff
from cli.backtest.stage import Definitions
from cli.calling import business_time, call, service
from cli.commands.definitions import read_folder, show_problems
from cli.commands.versions import is_version
from cli.console import CommandError, Exit, aside, people, say_json
from cli.importing import BrokenFileError, Report
from cli.showing.backtest import show_backtest
from cli.showing.imported import show_refused
from shared.catalogue import Catalogue
from shared.clock import to_us
from shared.definitions import CompileError
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportRequest
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

_RECORDED = timedelta(days=30)
"""Of what was recorded, where nothing is said."""


@dataclass(frozen=True, slots=True)
class BacktestAsked:
    """Which scenarios, over how long."""

    target: str
    """A folder of definitions, or a version."""
    days: timedelta | None = None
    """None: 30 days of what was recorded, all of a file."""
    scenarios: Sequence[str] = ()
    """Only these; empty: all of them."""
    jobs: int = 0
    """Processes at most; 0: one for each processor."""
    events: Path | None = None
    """A file of events to play in place of what was recorded."""
    shifts: Staff = ()
    """Who is there to call; empty: nobody."""


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What is played."""

    world: World
    span: Span
    refused: Report | None = None
    """What was left out of a file; None: nothing."""


class Steps:
    """Shows how far each step of the work is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("reading the catalogue", total=None)

    def begin(self, doing: str) -> None:
        """Say what is done now."""
        self._progress.update(self._task, description=doing, completed=0, total=None)

    def tell(self, done: int, total: int) -> None:
        """Say how far it is."""
        self._progress.update(self._task, completed=done, total=total or None)


def simulate_scenarios(asked: BacktestAsked, home: Path | None, *, as_json: bool) -> None:
    """Play the past against scenarios, and show what came of it."""
    with _steps(quiet=as_json) as steps:
        catalogue = catalogue_of_suite(home)
        bundle = read_bundle(asked.target, catalogue, home)
        definitions = compiled(bundle, asked.scenarios)
        with_offers(catalogue, bundle.offers)
        with service("profile", home) as channel:
            now_us = to_us(business_time(channel))
        steps.begin("reading events")
        gathered = _gathered(asked, catalogue, definitions, now_us, home, steps)
        steps.begin("playing events")
        try:
            found = run(gathered.world, definitions, gathered.span, steps.tell, asked.jobs)
        except SharingError as error:
            raise CommandError(f"{error}: `--jobs 1` plays them in one") from None
    if asked.events is not None:
        found.report.caveats.extend(caveats_of_file(gathered.refused))
    if as_json:
        say_json(found.report)
    else:
        show_backtest(people, found.report)
    if gathered.refused is not None:
        show_refused(gathered.refused)
        raise typer.Exit(Exit.FAILED)


def _gathered(
    asked: BacktestAsked,
    catalogue: Catalogue,
    definitions: Definitions,
    now_us: int,
    home: Path | None,
    steps: Steps,
) -> _Gathered:
    """Return the past of the suite, or of a file; a broken file ends the command."""
    calls_per_day = _calls_per_day(home)
    if asked.events is None:
        days = asked.days or _RECORDED
        span = Span(now_us - days // timedelta(microseconds=1), now_us)
        past, persons, tiers = past_of_suite(catalogue, home, steps.tell)
        world = World(catalogue, past, persons, tiers, calls_per_day, asked.shifts)
        return _Gathered(world, span)
    try:
        filed = past_of_file(asked.events, catalogue, definitions.profile, now_us, steps.tell)
    except BrokenFileError as error:
        raise CommandError(f"{error}\nNothing was played.") from None
    times, _ = filed.past.in_order()
    if not times:
        show_refused(filed.report)
        raise CommandError(f"{asked.events} has no event that can be played")
    since_us = times[-1] - asked.days // timedelta(microseconds=1) if asked.days else times[0]
    refused = filed.report if filed.report.refused else None
    tiers = tiers_of_suite(home)
    world = World(catalogue, filed.past, filed.persons, tiers, calls_per_day, asked.shifts)
    return _Gathered(world, Span(since_us, times[-1]), refused)


def _calls_per_day(home: Path | None) -> int:
    with service("scenario", home) as channel:
        answer = call(ScenarioServiceStub(channel).GetQueueReport, GetQueueReportRequest())
        return int(answer.calls_per_day)


def read_bundle(target: str, catalogue: Catalogue, home: Path | None) -> Bundle:
    """Return the bundle of a folder or of a version; mistakes end the command, all told at once."""
    if is_version(target):
        return bundle_named(target, home)
    checked = bundle_of(read_folder(Path(target)), catalogue)
    if checked.bundle is None:
        show_problems(Path(target), checked.problems)
        raise CommandError(f"{target} has mistakes: nothing was played", Exit.FAILED)
    return checked.bundle


def compiled(bundle: Bundle, names: Sequence[str]) -> Definitions:
    """Return a bundle ready to be played, with only the scenarios named, if any is."""
    try:
        definitions = Definitions.of(bundle)
    except CompileError as error:
        raise CommandError(f"these definitions cannot be used: {error}") from None
    if not names:
        return definitions
    try:
        return only(definitions, names)
    except KeyError as error:
        known = sorted(definitions.playbook.defined)
        close = difflib.get_close_matches(error.args[0], known) or known
        told = f"; there are {', '.join(close)}" if close else ", and there are none at all"
        raise CommandError(f"there is no scenario {error.args[0]}{told}", Exit.USAGE) from None


@contextmanager
def _steps(*, quiet: bool) -> Iterator[Steps]:
    columns = (TextColumn("{task.description}"), BarColumn())
    times = (TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, *times, console=aside, transient=True, disable=quiet) as progress:
        yield Steps(progress)
