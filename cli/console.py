"""What commands print: tables and sentences for people, one line of JSON for machines."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table
from rich.text import Text

from touchpoint.client import CallError

people = Console(highlight=False)
"""For what was asked for."""
aside = Console(stderr=True, highlight=False)
"""For progress and for what went wrong."""


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class Exit(IntEnum):
    """What a script can tell from a command's exit code."""

    DONE = 0
    FAILED = 1
    """It was refused, or part of it was."""
    USAGE = 2
    """It was told wrongly."""
    UNREACHABLE = 3
    """Nobody answers at the address."""


class CommandError(Exception):
    """A command cannot do what it was asked; the sentence says what to do."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def say_json(answer: Mapping[str, Any] | Message) -> None:
    """Print one line of JSON, as the edge's HTTP would say it."""
    found = MessageToDict(answer) if isinstance(answer, Message) else answer
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def fail(sentence: str, code: Exit = Exit.FAILED) -> NoReturn:
    """Say what went wrong and end."""
    aside.print(sentence, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def failures_told(address: str = "", setting: str = "") -> Iterator[None]:
    """End the command with a sentence when what it calls refuses or does not answer.

    `setting` says where that is, if not the option --edge.
    """
    try:
        yield
    except CommandError as failure:
        fail(str(failure), failure.code)
    except ValueError as error:
        fail(str(error), Exit.USAGE)
    except OSError as error:
        if error.filename is None and error.errno not in _DISK_FULL:
            raise  # no file's: a pipe that nobody reads, a time that is over
        fail(f"{error.filename or 'the disk'}: {error.strerror or error}")
    except CallError as error:
        if error.is_unreachable:
            fail(unreachable(address, setting), Exit.UNREACHABLE)
        fail(_refused(error))


def unreachable(address: str, setting: str = "") -> str:
    """Say that nobody answers, and what to do."""
    other = f"{setting}=HOST:PORT" if setting else "--edge HOST:PORT"
    return (
        f"Nobody answers at {address}. Start Touchpoint with `touchpoint up`, or say where it is: "
        f"--home DIR for one started there, {other} for any other."
    )


def _refused(error: CallError) -> str:
    lines = [f"{found.field}: {found.description}" for found in error.violations]
    lines = lines or [error.message or error.code.name.replace("_", " ").lower()]
    if error.retry_after_s:
        lines.append(f"  try again in {error.retry_after_s:g} s")
    if error.request_id and error.code.name in {"INTERNAL", "UNKNOWN"}:
        lines.append(f"  request {error.request_id}: the service's log says more")
    return "\n".join(lines)


def add_row(shown: Table, *cells: str | Text, style: str | None = None) -> None:
    """Add cells as they are: what people wrote into titles is no markup."""
    shown.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), style=style)


def table(*columns: str, title: str = "") -> Table:
    """Begin a table of the house's looks."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold", header_style="dim")
    return made
