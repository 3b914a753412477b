"""`touchpoint import`: files into the suite, with an account of every row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import grpc.aio
import typer
from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from cli.console import (
    CommandError,
    Exit,
    aside,
    fail,
    failures_told,
    people,
    say_json,
    unreachable,
)
from cli.importing import KINDS, BrokenFileError, Importer, Report
from cli.importing.bookmark import Bookmark
from cli.importing.exported import RESTORED, Export
from cli.importing.files import digest
from cli.importing.importer import Progress
from cli.importing.mapping import ColumnMapping
from cli.importing.report import error_file
from cli.importing.restorer import Restorer
from cli.importing.target import TARGETS
from cli.options import HomeOption, JsonOption
from cli.reach import home_of, reach, targets_setting
from cli.showing.words import several

_ERRORS_SHOWN = 20
_CONNECT_S = 3.0


class What(StrEnum):
    """The kinds of files."""

    ITEMS = "items"
    CUSTOMERS = "customers"
    EVENTS = "events"
    CONTACTS = "contacts"
    OFFERS = "offers"
    ANSWERS = "answers"
    """Of surveys: a row per answer, or one with a column `question.NAME` for each."""
    EXPORT = "export"
    """The folder of an export that holds everybody: another home, whole."""


def import_(
    what: Annotated[What, typer.Argument(help="What the file holds.", show_choices=True)],
    file: Annotated[
        Path,
        typer.Argument(help="CSV, JSON Lines (.jsonl) or Parquet; of an export its folder."),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="How other columns become ours, in YAML."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row, write none, say what would be.")
    ] = False,
    errors: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write refused rows there, as CSV, all of them."),
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Do not go on where a killed import stopped.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a file as history: good rows are applied, bad ones told by row and column.

    A file that cannot be read as what it is, or lacks a column, is refused as a whole. Repeating
    an import changes nothing: rows that are there count as duplicates. One that was killed goes on
    where it stopped.

    Example: touchpoint import items items.csv --dry-run
    """
    if what is What.EXPORT:
        _restore(file, home, as_json=as_json)
        return
    kind = KINDS[what]
    with failures_told(), error_file(errors) as sink:
        try:
            mapped = ColumnMapping.read(mapping, kind) if mapping else None
            bookmark = Bookmark() if dry_run or from_start else _bookmark(what, file, mapping, home)
            importer = Importer(kind, file, mapped, bookmark)
            importer.check()
        except BrokenFileError as error:
            fail(f"{error}\nNothing of it was applied.")
        importer.report.sink = sink
        with _bar(importer.size, importer.report, quiet=as_json) as progress:
            report = asyncio.run(_run(importer, what, file, home, progress, dry_run=dry_run))
    _tell(what, file, report, as_json=as_json)


def _bookmark(what: What, file: Path, mapping: Path | None, home: Path | None) -> Bookmark:
    """Return where an import of the same content stopped, if the suite is one of this machine."""
    found = home_of(home)
    if found.endpoints() is None or not file.is_file():
        return Bookmark()
    name = "-".join([what.value, digest(file), *([digest(mapping)] if mapping else [])])
    return Bookmark.at(found.path / "imports" / f"{name}.json")


def _tell(what: What, file: Path, report: Report, *, as_json: bool) -> None:
    """Say what became of every row; raises Exit when part of it was refused."""
    if as_json:
        say_json({"file": str(file), "what": what.value, **report.as_json()})
    else:
        _show(what, report)
    if not report.is_good:
        raise typer.Exit(Exit.FAILED)


def _restore(folder: Path, home: Path | None, *, as_json: bool) -> None:
    """Bring another home's export into this one; raises Exit when part of it was refused."""
    try:
        export, told = Export.open(folder), Report()
        with failures_told(), _bar(export.count(*RESTORED), told, quiet=as_json) as more:
            report = asyncio.run(_restored(export, home, told, more))
    except BrokenFileError as error:
        fail(str(error))
    _tell(What.EXPORT, folder, report, as_json=as_json)


async def _restored(
    export: Export, home: Path | None, report: Report, progress: Progress
) -> Report:
    async with _channel("profile", home) as profile, _channel("retrieval", home) as retrieval:
        return await Restorer(export, profile, retrieval, progress, report).run()


async def _run(
    importer: Importer,
    what: What,
    file: Path,
    home: Path | None,
    progress: Progress,
    *,
    dry_run: bool,
) -> Report:
    """Import, or say what an import would come to: by the file alone where nobody answers."""
    service, target = TARGETS[what]
    try:
        async with _channel(service, home) as channel:
            sent = target(channel, digest(file), dry_run=dry_run)
            doing = importer.ask if dry_run else importer.apply
            return await doing(sent, progress)
    except CommandError:
        if not dry_run:
            raise
        return importer.rehearse(progress)


@asynccontextmanager
async def _channel(service: str, home: Path | None) -> AsyncIterator[grpc.aio.Channel]:
    """Lend a channel to a service; raises CommandError when nobody answers."""
    address = reach(home).to(service)
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), _CONNECT_S)
        except TimeoutError:
            sentence = unreachable(address, targets_setting(service))
            raise CommandError(sentence, Exit.UNREACHABLE) from None
        yield channel


@contextmanager
def _bar(size: int, report: Report, *, quiet: bool) -> Iterator[Progress]:
    """Show how far it is, how fast, and how long it will take; gives what is told of more."""
    columns = (
        TextColumn("reading"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=size or None, rate="")
        began = time.monotonic()

        def more(read: int) -> None:
            passed_s = max(time.monotonic() - began, 0.001)
            progress.update(task, advance=read, rate=f"{report.rows / passed_s:,.0f} rows/s")

        yield more


def _show(what: What, report: Report) -> None:
    for error in sorted(report.errors, key=lambda found: found.row)[:_ERRORS_SHOWN]:
        aside.print(str(error), markup=False, soft_wrap=True)
    if report.refused > _ERRORS_SHOWN:
        aside.print(f"… and {several(report.refused - _ERRORS_SHOWN, 'more row')}; --json tells")
    people.print(_account(what, report), markup=False, soft_wrap=True)


def _account(what: What, report: Report) -> str:
    """Say plainly what was and what was not applied."""
    if report.dry_run:
        return _foretold(report)
    parts = [f"{report.applied:,} of {several(report.rows, 'row')} applied"]
    if report.duplicates:
        parts.append(f"{report.duplicates:,} were there already")
    if report.skipped:
        parts.append(f"{report.skipped:,} settled by an earlier attempt")
    if report.refused:
        parts.append(f"{report.refused:,} refused, nothing of them is stored")
    if report.persons:
        parts.append(f"traits of {several(report.persons, 'person', 'persons')} computed")
    sentences = [f"{what}: {', '.join(parts)}, in {report.seconds:.1f} s."]
    if report.parked:
        sentences.append(
            f"{several(report.parked, 'event')} could not be counted yet: see `touchpoint parked`."
        )
    if report.stopped:
        sentences.append(
            f"It stopped before the end: {report.stopped}. What was applied stays; repeat the "
            "same command to go on."
        )
    return " ".join(sentences)


def _foretold(report: Report) -> str:
    """Say plainly what would become of the rows."""
    if not report.was_asked:
        good = report.rows - report.refused
        return (
            f"Dry run: {several(good, 'row')} well-formed, {report.refused:,} not; nothing was "
            "applied. Nobody answers here, so the services' own checks are left out."
        )
    said = (
        f"Dry run: of {several(report.rows, 'row')} {report.applied:,} would be applied, "
        f"{report.duplicates:,} are there already, {report.refused:,} would be refused; nothing "
        "was applied."
    )
    return f"{said} It stopped before the end: {report.stopped}." if report.stopped else said
