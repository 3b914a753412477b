"""A suite for one run of the benchmark: free ports, a home of its own, and a shop in it."""

from __future__ import annotations

import shutil
import socket
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.errors import MeasurementError
from bench.processes import ProcessTree
from cli.reach import targets_setting
from cli.suite.home import Home
from shared.engines import EngineUrls, PostgresEngine, engines
from shared.postgres.provision import provision
from shared.testing.suite import RunningSuite, running_suite

_STORY = ("--data", "story", "--port", "0")
"""Unless the flags that follow say otherwise."""
_READY_S = 600.0
"""A year of a grocer is imported in minutes."""
LOGS = Path("build/bench-logs")
"""What the services of the last suite said is kept there."""


@dataclass(frozen=True, slots=True)
class OpenedSuite:
    """Where everything of it is reached."""

    running: RunningSuite
    urls: EngineUrls
    roles: Mapping[str, str]
    """PostgreSQL's URL for each service's role."""
    processes: ProcessTree
    """All of the suite, the engines included."""
    telephone: socket.socket
    """Listens where the telephony is told of call-backs."""

    def environment(self, service: str) -> dict[str, str]:
        """Return the settings of one more process of a service, but for where it listens."""
        targets = {
            targets_setting(name): ",".join(addresses)
            for name, addresses in self.running.grpc.items()
        }
        return {
            **targets,
            f"TOUCHPOINT_{service.upper()}_POSTGRES_URL": self.roles[service],
            "TOUCHPOINT_NATS_URL": self.urls.nats,
            "TOUCHPOINT_HOME": str(self.running.home),
            "TOUCHPOINT_DEPLOYMENT_KEY": Home(self.running.home).deployment_key(),
        }


@asynccontextmanager
async def opened_suite(
    *flags: str, settings: Mapping[str, str] | None = None
) -> AsyncIterator[OpenedSuite]:
    """Run the suite, if nothing else is said with the story shop; on leaving it is gone.

    `settings` are of its environment, beside those that are always given.

    The engines are ours, so that we know their addresses, and are counted with the suite. Raises
    MeasurementError when the suite does not start.
    """
    others = psutil.Process().children()
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        home = Path(folder)
        async with AsyncExitStack() as stack:
            # Data that may only lie outside of the home would stay there.
            stack.callback(PostgresEngine(home).erase)
            stack.callback(_keep_logs, home)
            urls = await stack.enter_async_context(engines(home))
            telephone = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            given = {
                "TOUCHPOINT_CALL_BACK_URL": f"http://127.0.0.1:{telephone.getsockname()[1]}/call",
                "TOUCHPOINT_MESSAGE_SECRETS": f"call_back=whsec_{b64encode(bytes(32)).decode()}",
                "TOUCHPOINT_POSTGRES_URL": urls.postgres,
                "TOUCHPOINT_NATS_URL": urls.nats,
                "TOUCHPOINT_TRAIN_EVERY": "off",  # nothing is to run beside what is measured
                **(settings or {}),
            }
            starting = running_suite(home, *_STORY, *flags, environment=given, ready_s=_READY_S)
            try:
                running = await stack.enter_async_context(starting)
            except RuntimeError as error:
                raise MeasurementError(str(error)) from error
            roles = await provision(urls.postgres, Home(home).role_password, development=True)
            yield OpenedSuite(running, urls, roles, ProcessTree.of_children(but=others), telephone)


def _keep_logs(home: Path) -> None:
    """Keep what tells why something could not be measured; the home is about to go."""
    shutil.rmtree(LOGS, ignore_errors=True)
    if (home / "logs").is_dir():
        shutil.copytree(home / "logs", LOGS)
