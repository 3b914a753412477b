"""`python -m bench.profile [SERVICE …]`: where the CPU time of a recommendation goes.

Prints what each process of the suite takes per answer, one at a time and beside the floor. Then
py-spy samples the named services (`--native`: C code too) for their costliest functions.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from bench.customers import banner_requests
from bench.errors import MeasurementError
from bench.floor_graph import Floor, floor
from bench.opened import OpenedSuite, opened_suite
from bench.processes import ProcessTree
from bench.recording import record
from bench.samples import inclusive, own
from bench.sampling import sampled, sampler
from bench.subject import DEADLINE_S, Subject
from cli.load.edge import recommending
from shared import logging
from shared.postgres.provision import SERVICES

_WARM_UP = 100
_TURNS = 10
_ALL = "all"


@dataclass(frozen=True, slots=True)
class _Wish:
    services: Sequence[str]
    requests: int
    rate: float
    seconds: float
    native: bool
    top: int


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    # argparse holds the empty list, of no service named, against the choices too
    parser.add_argument("services", nargs="*", choices=[[], *SERVICES], metavar="SERVICE")
    parser.add_argument("--requests", type=int, default=400, help="to count the CPU time of")
    parser.add_argument("--rate", type=float, default=30.0, help="requests a second to sample")
    parser.add_argument("--seconds", type=float, default=10.0, help="to sample each service")
    parser.add_argument("--native", action="store_true", help="C functions too")
    parser.add_argument("--top", type=int, default=30, help="lines of each table")
    wish = _Wish(**vars(parser.parse_args(arguments)))
    logging.configure("bench", "error")
    try:
        if wish.services:
            sampler()  # before anything is started
        uvloop.run(_profile(wish, Console()))
    except MeasurementError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _profile(wish: _Wish, console: Console) -> None:
    async with (
        opened_suite() as suite,
        floor(await record(suite, banner_requests())) as bottom,
        recommending(suite.running.edge, DEADLINE_S) as send,
    ):
        subject = Subject("the suite", send, banner_requests(), suite.processes)
        trees = _trees(suite)
        costs = await _costs(subject, trees, bottom, wish, console)
        for service in wish.services:
            [process] = trees[service].roots
            stacks = await sampled(
                process.pid,
                wish.seconds,
                lambda: subject.under(wish.rate, wish.seconds),
                native=wish.native,
            )
            for title, shares in (("itself", own(stacks)), ("with callees", inclusive(stacks))):
                named = f"{service}: {title}"
                console.print(_function_table(named, shares, costs[service], wish.top))


def _trees(suite: OpenedSuite) -> Mapping[str, ProcessTree]:
    """Return the process of each service, and everything."""
    found = {_ALL: suite.processes}
    for root in suite.processes.roots:
        for process in root.children(recursive=True):
            service = process.cmdline()[-1].removeprefix("services.")
            if service in SERVICES:
                found[service] = ProcessTree([process])
    return found


async def _costs(
    subject: Subject[Any],
    trees: Mapping[str, ProcessTree],
    bottom: Floor,
    wish: _Wish,
    console: Console,
) -> Mapping[str, float]:
    """Print and return the CPU ms of one answer by service, the floor's beside it."""
    floors = {name: ProcessTree.of([pid]) for name, pid in bottom.pids.items()}
    floors[_ALL] = bottom.subject.processes
    await subject.one_by_one(_WARM_UP)
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for _ in range(_TURNS):
        ours.update(await _used(subject, trees, wish.requests // _TURNS))
        theirs.update(await _used(bottom.subject, floors, wish.requests // _TURNS))
    ours["engines"] = 2 * ours[_ALL] - ours.total()
    table = Table("process", "CPU ms per answer", "of the floor", box=None)
    for name, cost in ours.most_common():
        table.add_row(name, f"{cost / wish.requests:.2f}", f"{theirs[name] / wish.requests:.2f}")
    console.print(table)
    return {name: cost / wish.requests for name, cost in ours.items()}


async def _used(
    subject: Subject[Any], trees: Mapping[str, ProcessTree], count: int
) -> Mapping[str, float]:
    """Return the CPU ms that each used for so many answers, one after the other."""
    before = {name: tree.cpu_s() for name, tree in trees.items()}
    await subject.one_by_one(count)
    return {name: (tree.cpu_s() - before[name]) * 1000 for name, tree in trees.items()}


def _function_table(title: str, shares: Mapping[str, float], total_ms: float, top: int) -> Table:
    table = Table("ms per answer", "share", "function", box=None, title=title, title_justify="left")
    ranked = sorted(shares.items(), key=lambda each: -each[1])
    for function, share in ranked[:top]:
        table.add_row(f"{share * total_ms:.3f}", f"{share:.1%}", function)
    return table


if __name__ == "__main__":
    sys.exit(main())
