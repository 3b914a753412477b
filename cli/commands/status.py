"""`touchpoint status`: which processes run, where, and how they are."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import typer

from cli.console import Exit, add_row, fail, people, say_json, table
from cli.options import HomeOption, JsonOption
from cli.reach import home_of
from cli.suite.home import Home
from cli.suite.look import RUNNING, SILENT, Part, Sight, look


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show every process of the suite: address, health, memory, how far behind the bus it is.

    Exit code 0 when all serve, 1 when one does not, 3 when nothing runs.

    Example: touchpoint status --json
    """
    place = home_of(home)
    sight = asyncio.run(look(place))
    if sight is None:
        fail(f"Nothing runs in {place.path}. Start it with `touchpoint up`.", Exit.UNREACHABLE)
    if as_json:
        say_json({"home": str(place.path), "well": sight.is_well, **asdict(sight)})
    else:
        _show(sight, place)
    if not sight.is_well:
        raise typer.Exit(Exit.FAILED)


def _show(sight: Sight, place: Home) -> None:
    shown = table("", "address", "health", "pid", "MB", "behind")
    for part in sight.parts:
        add_row(shown, *_cells(part), style="red" if part.health == SILENT else None)
    people.print(shown)
    found = sight.endpoints
    people.print(
        f"{sight.memory_mb:,.0f} MB in all · web http://{found.web} · data {found.data} · "
        f"supervised by {found.pid} · logs in {place.logs}",
        style="dim",
        markup=False,
        soft_wrap=True,
    )


def _cells(part: Part) -> list[str]:
    """Write a part as cells; a dash is what is not known. An engine follows no bus."""
    pid = str(part.pid) if part.pid else "-"
    memory = "-" if part.memory_mb is None else f"{part.memory_mb:,.0f}"
    unknown = "" if part.health == RUNNING else "-"
    behind = unknown if part.behind is None else f"{part.behind:,}"
    return [part.name, part.address, part.health, pid, memory, behind]
