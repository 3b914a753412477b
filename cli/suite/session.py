"""One run of `touchpoint up`: from nothing to a first decision, and then until it is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from rich.console import Console

from cli.console import say_json
from cli.showing.words import duration
from cli.suite.data import DATA_SETS, FirstData
from cli.suite.footprint import memory_mb
from cli.suite.home import Endpoints, Home
from cli.suite.running import Wish, running
from cli.suite.screen import Screen
from cli.suite.topology import Topology
from cli.suite.welcome import first_decision, show_welcome

_LINE_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What `up` was asked for."""

    home: Home
    topology: Topology
    data: str = "none"
    colocate: bool = False
    as_json: bool = False


async def up(asked: Asked, environ: Mapping[str, str], console: Console) -> None:
    """Run the suite until cancelled; raises what `running`, `FirstData` and calls raise."""
    began = time.monotonic()
    with Screen(console, quiet=asked.as_json) as screen:
        for choice in asked.topology.moved:
            screen.say(str(choice), "yellow")
        wish = Wish(
            asked.home, asked.topology, asked.colocate, asked.data, screen.changed, screen.stage
        )
        asked.home.prepare()
        async with _first_data(asked, environ) as first, running(wish, environ) as endpoints:
            if first is not None:
                await first.fill(endpoints, screen)
            screen.stage("a first decision")
            await _welcome(asked, endpoints, console)
            screen.say(f"Ready after {time.monotonic() - began:.1f} s.")
            if asked.as_json:
                say_json({"ready": True, "home": str(asked.home.path), **asdict(endpoints)})
            await _stay(screen, endpoints)


@asynccontextmanager
async def _first_data(asked: Asked, environ: Mapping[str, str]) -> AsyncIterator[FirstData | None]:
    """Make the files of the data set beside everything else, and stop that with everything else."""
    chosen = DATA_SETS.get(asked.data)
    if chosen is None:
        yield None
        return
    first = FirstData(chosen, asked.home, environ)
    first.begin()
    try:
        yield first
    finally:
        await first.abandon()


async def _welcome(asked: Asked, endpoints: Endpoints, console: Console) -> None:
    data = DATA_SETS.get(asked.data)
    if data is not None and not asked.as_json:
        show_welcome(console, endpoints, asked.home, data, await first_decision(endpoints, data))


async def _stay(screen: Screen, endpoints: Endpoints) -> None:
    """Say for ever that all is well, with what changes."""
    began = time.monotonic()
    reached = f"edge {endpoints.edge} · web http://{endpoints.web}"
    screen.say("")
    if not screen.is_rewritten:
        screen.say(f"Touchpoint is up: {reached}. Ctrl-C ends it.")
        await asyncio.Event().wait()
    while True:
        up_s = time.monotonic() - began
        memory = memory_mb(endpoints.pid)
        screen.line(f"up {duration(up_s)} · {reached} · {memory:,.0f} MB · Ctrl-C ends it")
        await asyncio.sleep(_LINE_EVERY_S)
