"""The suite with a way to do harm to each of its services and to both of its engines."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil

from shared.engines import engines
from shared.processes.record import ChildRecord
from shared.testing import proxy
from shared.testing.proxy import Proxy
from shared.testing.suite import RunningSuite, running_suite
from tests.integration.engines.processes import engine
from tests.journeys.channels import Channels, until
from tests.resilience.second_edge import BEHIND, second_edge

SERVICES = ("aggregator", *BEHIND)
ENGINES: Mapping[str, str] = {"postgres": "postgres", "nats": "nats-server"}
"""Engine to the name of its program."""
SLOW_S = 1.5
"""Longer than any step of a decision may take."""
SLOW_ENGINE_S = 0.5
SLOW_EDGE_S = 4.0
"""There and back, longer than its callers wait."""
READY_S = 180.0
BACK_S = 60.0
"""A killed process is started again, and reads its models anew."""


class Harm(Enum):
    """What is done to a component."""

    KILL = "kill"
    """`kill -9`; whoever keeps it starts it again."""
    FREEZE = "freeze"
    """SIGSTOP, and SIGCONT in the end."""
    SLOW = "slow"
    """Every byte to it and from it is late."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running suite, its proxies, and where it is reached under which harm."""

    channels: Channels
    home: Path
    behind_proxies: RunningSuite
    proxies: Mapping[str, Proxy]

    def edge(self, component: str, harm: Harm) -> str:
        """Return the edge that load goes to, so that the harm is on its way."""
        if harm is not Harm.SLOW or component in ENGINES:
            return self.channels.suite.edge
        if component == "aggregator":
            return self.proxies[component].address
        return self.behind_proxies.edge

    @asynccontextmanager
    async def harmed(self, component: str, harm: Harm) -> AsyncIterator[None]:
        """Do harm within the context; what was killed is alive again at its end."""
        if harm is Harm.SLOW:
            await self.proxies[component].behave(proxy.Fault.SLOW)
            try:
                yield
            finally:
                await self.proxies[component].behave(proxy.Fault.NONE)
            return
        victims = self._processes(component)
        _signal(victims, signal.SIGKILL if harm is Harm.KILL else signal.SIGSTOP)
        try:
            yield
        finally:
            if harm is Harm.FREEZE:
                _signal(victims, signal.SIGCONT)
        if harm is Harm.KILL:
            await until(lambda: self._is_another(component, victims[0]), BACK_S)

    def _processes(self, component: str) -> list[psutil.Process]:
        """Return the main process of a component and all that it has started."""
        if component in ENGINES:
            main = engine(self.home / "engines", ENGINES[component])
        else:
            children = ChildRecord(self.channels.suite.home / "run" / "up.json").read()
            main = psutil.Process(children[component].pid)
        return [main, *main.children(recursive=True)]

    async def _is_another(self, component: str, killed: psutil.Process) -> bool:
        try:
            return self._processes(component)[0] != killed
        except (KeyError, ValueError, psutil.NoSuchProcess):
            return False


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        if process.is_running():
            os.kill(process.pid, number)


@asynccontextmanager
async def on_stage(home: Path, environ: Mapping[str, str], *flags: str) -> AsyncIterator[Stage]:
    """Start engines, proxies, the suite, and the edge that reaches all through proxies."""
    async with AsyncExitStack() as stack:
        (home / "engines").mkdir()
        urls = await stack.enter_async_context(engines(home / "engines", {**os.environ}))
        given = {"postgres": urls.postgres, "nats": urls.nats}
        proxies = {
            name: await stack.enter_async_context(
                Proxy(urlsplit(url).netloc.rpartition("@")[2], SLOW_ENGINE_S).running()
            )
            for name, url in given.items()
        }
        suite = await stack.enter_async_context(
            running_suite(
                home / "suite",
                *("--data", "none", "--port", "0", *flags),
                ready_s=READY_S,
                environment={
                    **environ,
                    "TOUCHPOINT_POSTGRES_URL": _through(given["postgres"], proxies["postgres"]),
                    "TOUCHPOINT_NATS_URL": _through(given["nats"], proxies["nats"]),
                },
            )
        )
        proxies["aggregator"] = await stack.enter_async_context(
            Proxy(suite.edge, SLOW_EDGE_S).running()
        )
        behind, more = await stack.enter_async_context(second_edge(suite, SLOW_S))
        channels = await stack.enter_async_context(Channels.opened(suite))
        yield Stage(channels, home, behind, {**proxies, **more})


def _through(url: str, proxy_: Proxy) -> str:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@{proxy_.address}"))
