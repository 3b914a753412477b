"""`python -m bench.profile [SERVICE …]`: where the CPU time of a recommendation goes.

Prints what each process of the suite takes per answer under a steady load, then samples the named
services with py-spy (`--native` shows C code too) and prints their costliest functions.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.customers import banner_requests
from bench.opened import OpenedSuite, opened_suite
from bench.processes import ProcessTree
from bench.samples import Stacks, inclusive, own, read_stacks
from bench.subject import DEADLINE_S, Subject
from cli.load.edge import recommending
from shared.postgres.provision import SERVICES

_WARM_UP_S = 5.0
_SAMPLES_PER_S = 250


@dataclass(frozen=True, slots=True)
class _Wish:
    services: Sequence[str]
    rate: float
    seconds: float
    native: bool
    top: int


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("services", nargs="*", choices=[[], *SERVICES], metavar="SERVICE")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--native", action="store_true", help="C functions too")
    parser.add_argument("--top", type=int, default=30, help="lines of each table")
    wish = _Wish(**vars(parser.parse_args(arguments)))
    uvloop.run(_profile(wish, Console()))
    return 0


async def _profile(wish: _Wish, console: Console) -> None:
    async with (
        opened_suite() as suite,
        recommending(suite.running.edge, DEADLINE_S) as send,
    ):
        subject = Subject("the suite", send, banner_requests(), suite.processes)
        await subject.under(wish.rate, _WARM_UP_S)
        costs = await _costs(subject, processes_of(suite), wish)
        console.print(_cost_table(costs, wish))
        for service in wish.services:
            stacks = await _sampled(processes_of(suite)[service], subject, wish)
            total_ms = costs[service]
            console.print(_function_table(f"{service}: itself", own(stacks), total_ms, wish))
            console.print(
                _function_table(f"{service}: with callees", inclusive(stacks), total_ms, wish)
            )


def processes_of(suite: OpenedSuite) -> Mapping[str, psutil.Process]:
    """Return the processes of the suite by the service that they run."""
    found = {}
    for root in suite.processes.roots:
        for process in (root, *root.children(recursive=True)):
            command = process.cmdline()
            module = command[-1] if command[-2:-1] == ["-m"] else ""
            name = module.removeprefix("services.") if module.startswith("services.") else ""
            # The keeper's own command line holds the service's as one word of its order.
            if name in SERVICES:
                found[name] = process
    return found


async def _costs(
    subject: Subject[Any], services: Mapping[str, psutil.Process], wish: _Wish
) -> Mapping[str, float]:
    """Return the CPU ms per undegraded answer by service, and of everything else."""
    trees = {name: ProcessTree([process]) for name, process in services.items()}
    trees["all"] = subject.processes
    before = {name: tree.cpu_s() for name, tree in trees.items()}
    summary = await subject.under(wish.rate, wish.seconds)
    answers = max(summary.answered, 1)
    costs = {name: (trees[name].cpu_s() - before[name]) * 1000 / answers for name in trees}
    costs["engines"] = costs["all"] - sum(costs[name] for name in services)
    return costs


async def _sampled(process: psutil.Process, subject: Subject[Any], wish: _Wish) -> Stacks:
    """Sample a process under load."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        sampler = await asyncio.create_subprocess_exec(
            *("py-spy", "record", "--pid", str(process.pid), "--format", "raw", "--function"),
            *("--duration", f"{wish.seconds:.0f}", "--rate", str(_SAMPLES_PER_S)),
            *("--output", str(file), *(["--native"] if wish.native else [])),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await subject.under(wish.rate, wish.seconds)
        await sampler.wait()
        return read_stacks(file.read_text(encoding="utf-8"))


def _cost_table(costs: Mapping[str, float], wish: _Wish) -> Table:
    table = Table("process", "CPU ms per answer", box=None, title=f"at {wish.rate:g} requests/s")
    for name, cost in sorted(costs.items(), key=lambda each: -each[1]):
        table.add_row(name, f"{cost:.2f}")
    return table


def _function_table(title: str, shares: Mapping[str, float], total_ms: float, wish: _Wish) -> Table:
    table = Table("ms per answer", "share", "function", box=None, title=title, title_justify="left")
    ranked = sorted(shares.items(), key=lambda each: -each[1])
    for function, share in ranked[: wish.top]:
        table.add_row(f"{share * total_ms:.3f}", f"{share:.1%}", function)
    return table


if __name__ == "__main__":
    sys.exit(main())
