"""Another edge beside that of a running suite, which reaches each service through a proxy."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import psutil

from shared.testing.proxy import Proxy
from shared.testing.suite import RunningSuite

BEHIND = ("profile", "retrieval", "rules", "ranker", "scenario")
READY_S = 90.0


@asynccontextmanager
async def second_edge(
    suite: RunningSuite, slow_s: float
) -> AsyncIterator[tuple[RunningSuite, Mapping[str, Proxy]]]:
    """Lend the suite as reached through that edge, and the proxy in front of each service."""
    async with AsyncExitStack() as stack:
        proxies = {
            name: await stack.enter_async_context(Proxy(suite.grpc[name][0], slow_s).running())
            for name in BEHIND
        }
        address = await stack.enter_async_context(_started(suite, proxies))
        yield RunningSuite(suite.home, {**suite.grpc, "aggregator": [address]}, suite.web), proxies


@asynccontextmanager
async def _started(suite: RunningSuite, proxies: Mapping[str, Proxy]) -> AsyncIterator[str]:
    """Start an aggregator with the environment of the first, but with the proxies behind."""
    environment = _environment_of_the_first_edge(suite) | {
        "TOUCHPOINT_AGGREGATOR_LISTEN": "127.0.0.1:0",
        "TOUCHPOINT_WEB_LISTEN": "127.0.0.1:0",
        **{f"TOUCHPOINT_{name.upper()}_TARGETS": proxy.address for name, proxy in proxies.items()},
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.aggregator"),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    reading = None
    try:
        address = await _ready_address(process)
        reading = asyncio.create_task(_drained(process))
        yield address
    finally:
        process.terminate()
        await process.wait()
        if reading is not None:
            await reading


def _environment_of_the_first_edge(suite: RunningSuite) -> dict[str, str]:
    address = suite.grpc["aggregator"][0]
    for process in psutil.process_iter(["cmdline"]):
        if "services.aggregator" in (process.info["cmdline"] or ()):
            environment = process.environ()
            if environment.get("TOUCHPOINT_AGGREGATOR_LISTEN") == address:
                return environment
    raise LookupError(f"no edge listens on {address}")


async def _ready_address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(READY_S):
        while line := await process.stdout.readline():
            found = re.search(rb'"grpc": "([^"]+)"', line)
            if found:
                return found.group(1).decode()
    raise RuntimeError("the second edge ended while starting")


async def _drained(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while await process.stdout.readline():
        continue
