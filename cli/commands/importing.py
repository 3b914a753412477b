"""`touchpoint import`: files into the suite, with an account of every row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import grpc.aio
import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
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
from cli.importing.exported import RESTORED, Export
from cli.importing.files import digest
from cli.importing.importer import Progress
from cli.importing.restorer import Restorer
from cli.importing.target import TARGETS
from cli.options import HomeOption, JsonOption
from cli.reach import reach, targets_setting
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
    EXPORT = "export"
    """The folder of an export that holds everybody: another home, whole."""


def import_(
    what: Annotated[What, typer.Argument(help="What the file holds.", show_choices=True)],
    file: Annotated[
        Path,
        typer.Argument(help="CSV, JSON Lines (.jsonl) or Parquet; of an export its folder."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read every row, apply none.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a file as history: good rows are applied, bad ones told by row and column.

    A file that cannot be read as what it is, or lacks a column, is refused as a whole. Repeating
    an import changes nothing: rows that are there count as duplicates.

    Example: touchpoint import items items.csv --dry-run
    """
    if what is What.EXPORT:
        _restore(file, home, as_json=as_json)
        return
    try:
        importer = Importer(KINDS[what], file)
        importer.check()
    except BrokenFileError as error:
        fail(f"{error}\nNothing of it was applied.")
    with failures_told(), _bar(importer.size, quiet=as_json) as progress:
        if dry_run:
            report = importer.rehearse(progress)
        else:
            report = asyncio.run(_apply(importer, what, file, home, progress))
    _tell(what, file, report, as_json=as_json)


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
        export = Export.open(folder)
        with failures_told(), _bar(export.count(*RESTORED), quiet=as_json) as progress:
            report = asyncio.run(_restored(export, home, progress))
    except BrokenFileError as error:
        fail(str(error))
    _tell(What.EXPORT, folder, report, as_json=as_json)


async def _restored(export: Export, home: Path | None, progress: Progress) -> Report:
    async with _channel("profile", home) as profile, _channel("retrieval", home) as retrieval:
        return await Restorer(export, profile, retrieval, progress).run()


async def _apply(
    importer: Importer, what: What, file: Path, home: Path | None, progress: Progress
) -> Report:
    service, target = TARGETS[what]
    async with _channel(service, home) as channel:
        return await importer.apply(target(channel, digest(file)), progress)


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
def _bar(size: int, *, quiet: bool) -> Iterator[Progress]:
    """Show how far the file is read; gives the function that is told of more."""
    columns = (TextColumn("reading"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=size or None)
        yield lambda more: progress.advance(task, more)


def _show(what: What, report: Report) -> None:
    for error in sorted(report.errors, key=lambda found: found.row)[:_ERRORS_SHOWN]:
        aside.print(str(error), markup=False, soft_wrap=True)
    if report.refused > _ERRORS_SHOWN:
        aside.print(f"… and {several(report.refused - _ERRORS_SHOWN, 'more row')}; --json tells")
    people.print(_account(what, report), markup=False, soft_wrap=True)


def _account(what: What, report: Report) -> str:
    """Say plainly what was and what was not applied."""
    if report.dry_run:
        good = report.rows - report.refused
        return (
            f"Dry run: {several(good, 'row')} well-formed, {report.refused:,} not; nothing was "
            "applied. The services' own checks run when it is."
        )
    parts = [f"{report.applied:,} of {several(report.rows, 'row')} applied"]
    if report.duplicates:
        parts.append(f"{report.duplicates:,} were there already")
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
