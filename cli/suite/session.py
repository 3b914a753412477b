"""One run of `touchpoint up`: from nothing to a first decision, and then until it is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict

from rich.console import Console

from cli.console import CommandError, say_json
from cli.showing.words import duration
from cli.suite.data import DATA_SETS, FirstData
from cli.suite.footprint import memory_mb
from cli.suite.home import Endpoints, Home
from cli.suite.learning import train_first
from cli.suite.running import Wish, running
from cli.suite.screen import Screen
from cli.suite.welcome import first_decision, show_welcome

_LINE_EVERY_S = 2.0


_OPEN = (
    "It is open: whoever reaches this machine may do everything. `touchpoint keys new` makes a "
    "key, and closes it at its next start."
)


async def up(
    wish: Wish, environ: Mapping[str, str], console: Console, *, as_json: bool = False
) -> None:
    """Run the suite until cancelled; raises what `running` and `FirstData` raise."""
    began = time.monotonic()
    with Screen(console, quiet=as_json) as screen:
        for choice in wish.topology.moved:
            screen.say(str(choice), "yellow")
        _prepare(wish.home)
        async with (
            _first_data(wish, environ) as first,
            running(wish, environ, screen.changed, screen.stage) as endpoints,
        ):
            if first is not None:
                await first.fill(endpoints, screen)
                await train_first(endpoints, wish.home, screen)
            if as_json:
                say_json({"ready": True, "home": str(wish.home.path), **asdict(endpoints)})
            else:
                await _welcome(wish, endpoints, screen, console)
            screen.say(f"Ready after {time.monotonic() - began:.1f} s.")
            if not (wish.home.has_keys or environ.get("TOUCHPOINT_KEYS")):
                screen.say(_OPEN, "dim")
            await _stay(screen, endpoints)


def _prepare(home: Home) -> None:
    try:
        home.prepare()
    except OSError as error:
        raise CommandError(
            f"{home.path} cannot hold a suite ({error.strerror}): name another folder by --home"
        ) from None


@asynccontextmanager
async def _first_data(wish: Wish, environ: Mapping[str, str]) -> AsyncIterator[FirstData | None]:
    """Make the files of the data set beside everything else, and stop that with everything else."""
    chosen = DATA_SETS.get(wish.data)
    if chosen is None:
        yield None
        return
    first = FirstData(chosen, wish.home, environ)
    first.begin()
    try:
        yield first
    finally:
        await first.abandon()


async def _welcome(wish: Wish, endpoints: Endpoints, screen: Screen, console: Console) -> None:
    data = DATA_SETS.get(wish.data)
    if data is not None:
        screen.stage("a first decision")
        show_welcome(
            console,
            endpoints,
            wish.home,
            data,
            await first_decision(wish.home, endpoints.edge, data),
        )


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
