"""`touchpoint new DIR`: definitions to begin with, fitted to the data found."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from cli.console import CommandError, failures_told, people, say_json
from cli.exporting.services import Services
from cli.options import HomeOption, JsonOption
from cli.starting.found import Found, in_files, in_home
from cli.starting.starter import shipped_folder, starter


def new_definitions(
    folder: Annotated[Path, typer.Argument(help="Where to; a new or an empty folder.")],
    source: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Files named after what they hold (items.csv, events.jsonl …) or a folder of "
            "them; repeatable. Else the running suite of the home.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write placements, rules, offers, segments and limits, fitted to the data that is found.

    They are the shipped ones with the channels, categories and amounts of your own shop; a comment
    says why. `touchpoint check DIR` passes them; edit them, then `touchpoint apply DIR`.

    Example: touchpoint new definitions --from data
    """
    with failures_told(), ExitStack() as stack:
        if folder.exists() and any(folder.iterdir()):
            raise CommandError(f"{folder} is not empty: name a new folder")
        found = in_files(source) if source else in_home(Services(home, stack))
        if not found.items and not found.events:
            raise CommandError("nothing was found there: no items and no events")
        texts = starter(found, shipped_folder())
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    _tell(folder, found, list(texts), as_json=as_json)


def _tell(folder: Path, found: Found, names: list[str], *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "folder": str(folder),
                "files": names,
                "items": found.items,
                "events": found.events,
                "channels": dict(found.channels),
                "usualOrder": found.usual_order,
                "usualPauseDays": found.usual_pause,
            }
        )
        return
    people.print(
        f"Found {found.items:,} items and {found.events:,} events. Wrote {', '.join(names)} into "
        f"{folder}. Next: touchpoint check {folder}",
        markup=False,
        soft_wrap=True,
    )
