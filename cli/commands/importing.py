"""`touchpoint import`: files into the suite, with an account of every row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import grpc.aio
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

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
from cli.importing.files import digest
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


def import_(
    what: Annotated[What, typer.Argument(help="What the file holds.", show_choices=True)],
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines (.jsonl) or Parquet.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read every row, apply none.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a file as history: good rows are applied, bad ones told by row and column.

    A file that cannot be read as what it is, or lacks a column, is refused as a whole. Repeating
    an import changes nothing: rows that are there count as duplicates.

    Example: touchpoint import items items.csv --dry-run
    """
    try:
        importer = Importer(KINDS[what], file)
        importer.check()
    except BrokenFileError as error:
        fail(f"{error}\nNothing of it was applied.")
    with failures_told(), _bar(importer, quiet=as_json) as progress:
        if dry_run:
            report = importer.rehearse(progress)
        else:
            report = asyncio.run(_apply(importer, what, file, home, progress))
    if as_json:
        say_json({"file": str(file), "what": what.value, **report.as_json()})
    else:
        _show(what, report)
    if not report.is_good:
        raise typer.Exit(Exit.FAILED)


async def _apply(
    importer: Importer, what: What, file: Path, home: Path | None, progress: Callable[[int], None]
) -> Report:
    service, target = TARGETS[what]
    address = reach(home).to(service)
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), _CONNECT_S)
        except TimeoutError:
            sentence = unreachable(address, targets_setting(service))
            raise CommandError(sentence, Exit.UNREACHABLE) from None
        return await importer.apply(target(channel, digest(file)), progress)


@contextmanager
def _bar(importer: Importer, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how far the file is read; gives the function that is told of more."""
    columns = (TextColumn("reading"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=aside, transient=True, disable=quiet) as progress:
        task = progress.add_task("", total=importer.size or None)
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
    if report.stopped:
        sentences.append(
            f"It stopped before the end: {report.stopped}. What was applied stays; repeat the "
            "same command to go on."
        )
    return " ".join(sentences)
