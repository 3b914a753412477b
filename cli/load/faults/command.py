"""`touchpoint load --faults`: what callers get while something behind the edge is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import Progress

from cli.console import CommandError, Exit, fail, people, say_json
from cli.load.faults.recovery import PATIENCE_S
from cli.load.faults.rehearsal import Cell, Plan, rehearse
from cli.load.faults.report import cell_json, cells_table, missing_table
from cli.load.faults.targets import ENGINES, SERVICES, target
from cli.reach import home_of, reach
from cli.showing.words import several
from cli.suite.home import Home
from shared.processes import FileLock, LockedError, holder_of

_LOCK = "faults.lock"


def made_bad(only: Sequence[str], *, engines: bool) -> Sequence[str]:
    """Say what is made bad, in its order; raises ValueError for what there is none of."""
    known = (*SERVICES, *ENGINES)
    for each in only:
        if each not in known:
            raise ValueError(f"--only {each}: one of {', '.join(known)}")
    wanted = {*(only or SERVICES), *(ENGINES if engines else ())}
    return [each for each in known if each in wanted]


def own_suite(home: Path | None, edge: str) -> tuple[Home, str]:
    """Return the home of a suite that can be rehearsed, and its edge; raises CommandError.

    Its services must be processes of their own, on this machine.
    """
    place, address = home_of(home), reach(home, edge).edge
    found = place.endpoints()
    if found is None or holder_of(place.lock) is None:
        raise CommandError(
            f"Nothing runs in {place.path}. --faults kills and freezes services that "
            "`touchpoint up` runs on this machine: start it, or name its folder by --home.",
            Exit.USAGE,
        )
    if found.colocated:
        raise CommandError(
            f"The suite of {place.path} is one process: nothing of it can fail alone. "
            "Start it without --colocate.",
            Exit.USAGE,
        )
    if address not in found.grpc["aggregator"]:
        raise CommandError(
            f"{address} is not the edge of {place.path}, which is {found.edge}: "
            "name the folder of its own suite by --home.",
            Exit.USAGE,
        )
    return place, address


def rehearse_and_show(plan: Plan, least: float, console: Console) -> None:
    """Rehearse, print what callers got, and end with the exit code that it deserves.

    In JSON where the console of the progress is quiet. `least` is the share in time that each row
    is to have. Raises CommandError.
    """
    for name in plan.names:
        if not target(plan.home.path, name).processes():
            raise CommandError(f"No process of {name} runs on this machine", Exit.USAGE)
    cells = uvloop.run(_locked(plan, console))
    deadline_ms = plan.deadlines_s[0] * 1000
    if console.quiet:
        told = {"rate": plan.rate, "deadline_ms": deadline_ms}
        worst = min(cell.kept.in_time_share for cell in cells)
        rows = [cell_json(cell) for cell in cells]
        say_json({**told, "least_in_time_share": worst, "cells": rows})
    else:
        title = f"{plan.calls} calls each, {plan.rate:g} a second, deadline {deadline_ms:g} ms"
        people.print(cells_table(cells, least, title))
        people.print(missing_table(cells))
        if late := sum(cell.late_sends for cell in cells):
            people.print(f"{several(late, 'call')} were sent late: this machine lacked CPU.")
    _end(cells, least)


def _end(cells: Sequence[Cell], least: float) -> None:
    last = cells[-1]
    if last.well_after_s is None:
        fail(
            f"After {last.what} all was not well again within {PATIENCE_S:g} s; the rest is undone."
        )
    worst = min(cells, key=lambda cell: cell.kept.in_time_share)
    share = worst.kept.in_time_share
    if share < least:
        fail(f"{share:.2%} were answered in time with {worst.what}, fewer than {least:.2%}.")


async def _locked(plan: Plan, console: Console) -> list[Cell]:
    """Rehearse alone: two at a time would each see the other's faults."""
    lock = FileLock(plan.home.run / _LOCK)
    try:
        await lock.acquire(timeout_s=0.0)
    except LockedError as error:
        raise CommandError(
            f"Another `touchpoint load --faults` is under way: {error}", Exit.USAGE
        ) from None
    try:
        return await _shown(plan, console)
    finally:
        lock.release()


async def _shown(plan: Plan, console: Console) -> list[Cell]:
    total = len(plan.faults) * len(plan.deadlines_s) * plan.calls
    with Progress(console=console, transient=True, refresh_per_second=4) as progress:
        bar = progress.add_task("", total=total)
        rehearsing = rehearse(
            plan, lambda what, more: progress.update(bar, description=what, advance=more)
        )
        async with aclosing(rehearsing) as found:
            cells = [cell async for cell in found]
    return cells
