"""A suite for one run of the benchmark: free ports, a home of its own, the story shop in it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import ProcessTree
from cli.suite.home import Home
from shared.engines import EngineUrls, engines
from shared.postgres.provision import provision
from shared.testing.suite import RunningSuite, running_suite


@dataclass(frozen=True, slots=True)
class OpenedSuite:
    """Where everything of it is reached."""

    running: RunningSuite
    urls: EngineUrls
    roles: Mapping[str, str]
    """PostgreSQL's URL for each service's role."""
    processes: ProcessTree
    """All of the suite, the engines included."""

    def environment(self, service: str) -> dict[str, str]:
        """Return the settings of one more process of a service, but for where it listens."""
        targets = {
            f"TOUCHPOINT_{name.upper()}_TARGETS": ",".join(addresses)
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
async def opened_suite(*flags: str) -> AsyncIterator[OpenedSuite]:
    """Run the suite with the story shop; on leaving, everything of it is gone.

    The engines are ours, so that we know their addresses, and are counted with the suite.
    """
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        home = Path(folder)
        async with engines(home) as urls:
            given = {"TOUCHPOINT_POSTGRES_URL": urls.postgres, "TOUCHPOINT_NATS_URL": urls.nats}
            started = running_suite(home, "--data", "story", *flags, environment=given)
            async with started as running:
                password_of = Home(home).role_password
                roles = await provision(urls.postgres, password_of, development=True)
                yield OpenedSuite(running, urls, roles, ProcessTree.of_children())
