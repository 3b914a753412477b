"""A suite as real processes, and a second edge that reaches each service through a proxy."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import AsyncExitStack, asynccontextmanager

import psutil
import pytest

from shared.testing.proxy import Proxy
from shared.testing.suite import RunningSuite, running_suite
from tests.journeys.channels import Channels
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS

BEHIND = ("profile", "retrieval", "rules", "ranker", "scenario")
SLOW_S = 1.0


class Edge:
    """Channels into an edge whose every way to the back can be made bad."""

    def __init__(self, channels, proxies):
        self.channels = channels
        self.proxies = proxies


@pytest.fixture(scope="session")
async def edge(tmp_path_factory):
    home = tmp_path_factory.mktemp("resilience")
    settings = for_everybody(tmp_path_factory.mktemp("definitions") / "shop")
    async with AsyncExitStack() as stack:
        suite = await stack.enter_async_context(
            running_suite(home, "--data", "none", "--port", "0", environment=settings)
        )
        proxies = {
            name: await stack.enter_async_context(Proxy(suite.grpc[name][0], SLOW_S).running())
            for name in BEHIND
        }
        address = await stack.enter_async_context(_second_edge(suite, proxies))
        behind = RunningSuite(suite.home, {**suite.grpc, "aggregator": [address]}, suite.web)
        channels = await stack.enter_async_context(Channels.opened(behind))
        await channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        yield Edge(channels, proxies)


@asynccontextmanager
async def _second_edge(suite: RunningSuite, proxies):
    """Start another aggregator with the environment of the first, but with the proxies behind."""
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
    raise LookupError(f"no edge listens on {address}; environment {sorted(os.environ)[:3]}")


async def _ready_address(process) -> str:
    async with asyncio.timeout(30):
        while line := await process.stdout.readline():
            found = re.search(rb'"grpc": "([^"]+)"', line)
            if found:
                return found.group(1).decode()
    raise RuntimeError("the second edge ended while starting")


async def _drained(process) -> None:
    while await process.stdout.readline():
        continue
