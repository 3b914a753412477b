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

from cli.channels import asynchronous
from cli.console import (
    CommandError,
    Exit,
    aside,
    fail,
    failures_told,
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
from cli.showing.imported import show_import

_CONNECT_S = 3.0
_NOT_OF_EXPORTS = (
    "--dry-run, --from-start and --mapping are of files: an export is restored as it is"
)


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
    where it stopped. History spends nothing, but for messages that were sent: `contacts` count for
    every contact limit as of when they were.

    Example: touchpoint import items items.csv --dry-run
    """
    with failures_told():
        _refuse_overwriting(errors, file, mapping)
        if what is What.EXPORT:
            if dry_run or from_start or mapping:
                raise CommandError(_NOT_OF_EXPORTS, Exit.USAGE)
            _restore(file, home, errors, as_json=as_json)
            return
    kind = KINDS[what]
    with failures_told(), error_file(errors) as sink:
        try:
            mapped = ColumnMapping.read(mapping, kind) if mapping else None
            bookmark = Bookmark()
            if not dry_run:
                bookmark = _bookmark(what, file, mapping, home, from_start=from_start)
            importer = Importer(kind, file, mapped, bookmark)
            importer.check()
        except BrokenFileError as error:
            fail(f"{error}\nNothing of it was applied.")
        importer.report.sink = sink
        with _bar(importer.size, importer.report, quiet=as_json) as progress:
            report = asyncio.run(_run(importer, what, file, home, progress, dry_run=dry_run))
    _tell(what, file, report, as_json=as_json)


def _refuse_overwriting(errors: Path | None, *read: Path | None) -> None:
    """Raise CommandError for an error file that would replace what is imported."""
    for path in filter(None, read):
        if errors is not None and errors.exists() and errors.samefile(path):
            raise CommandError(f"--errors {errors} is what is imported: name another", Exit.USAGE)


def _bookmark(
    what: What, file: Path, mapping: Path | None, home: Path | None, *, from_start: bool
) -> Bookmark:
    """Return where an import of the same content stopped, if the suite is one of this machine."""
    found = home_of(home)
    if found.endpoints() is None or not file.is_file():
        return Bookmark()
    name = "-".join([what.value, digest(file), *([digest(mapping)] if mapping else [])])
    return Bookmark.at(found.path / "imports" / f"{name}.json", from_start=from_start)


def _tell(what: What, file: Path, report: Report, *, as_json: bool) -> None:
    """Say what became of every row; raises Exit when part of it was refused."""
    if as_json:
        say_json({"file": str(file), "what": what.value, **report.as_json()})
    else:
        show_import(what.value, report)
    if not report.is_good:
        raise typer.Exit(Exit.FAILED)


def _restore(folder: Path, home: Path | None, errors: Path | None, *, as_json: bool) -> None:
    """Bring another home's export into this one; raises Exit when part of it was refused."""
    try:
        export, told = Export.open(folder), Report()
        size = export.count(*RESTORED)
    except BrokenFileError as error:
        fail(str(error))
    with error_file(errors) as sink, _bar(size, told, quiet=as_json) as more:
        told.sink = sink
        report = asyncio.run(_restored(export, home, told, more))
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
    async with asynchronous(home_of(home), address) as channel:
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
