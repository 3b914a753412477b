"""`touchpoint export suppressions`: whom not to contact, with what, and why."""

from __future__ import annotations

import csv
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cli.console import CommandError, failures_told, people, say_json
from cli.exporting.services import Services
from cli.exporting.suppressions import COLUMNS, Suppressing
from cli.options import HomeOption, JsonOption
from cli.showing.words import several
from touchpoint.common.v1.vocabulary_pb2 import Channel

OUTBOUND = ("PUSH", "EMAIL", "SMS", "DIRECT_MAIL", "CALL_CENTER")
_ONLY_FOR_THE_OWNER = 0o600


def suppressions(
    file: Annotated[Path, typer.Argument(help="Where to, as CSV; replaced if it is there.")],
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", help=f"May be repeated; else {', '.join(OUTBOUND)}."),
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help="The contact policy of what would be sent.")
    ] = "marketing",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export whom not to contact just now, on which channel, with what, why, and until when.

    One row for each reason: a contact limit that is used up (for one offer or group, where that is
    what it counts), quiet hours where they live, a cooling-off, or that they refused. Nobody else
    is in it.

    Example: touchpoint export suppressions suppressed.csv --channel EMAIL
    """
    with failures_told(), ExitStack() as stack:
        channels = [_channel(name) for name in channel or OUTBOUND]
        asked = Suppressing(Services(home, stack), policy, channels)
        rows = list(asked.rows())
        _write(file, rows)
    customers = len({row[1] for row in rows})
    if as_json:
        say_json({"file": str(file), "rows": len(rows), "customers": customers})
        return
    whom = several(customers, "customer")
    people.print(
        f"{file}: {several(len(rows), 'reason')} not to contact {whom}.",
        markup=False,
        soft_wrap=True,
    )


def _channel(name: str) -> Channel.Value.ValueType:
    known = {known: number for known, number in Channel.Value.items() if number}
    if name not in known:
        raise CommandError(f"there is no channel {name!r}; there are {', '.join(known)}")
    return known[name]


def _write(file: Path, rows: list[tuple[str, ...]]) -> None:
    """Write the file whole or not at all; raises CommandError."""
    draft = file.with_name(f"{file.name}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            os.chmod(draft, _ONLY_FOR_THE_OWNER)
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
        draft.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from None
