"""Starts the engines and every process of a suite, and ends them all."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.suite.home import Endpoints, Home
from cli.suite.topology import SERVICES, Replica, Topology
from cli.suite.waiting import until_all_serve
from shared.engines import EngineUrls, engines
from shared.postgres.provision import provision
from shared.processes import Change, ChildFailedError, Program, Supervisor
from shared.setting_types import Mode

DEVELOPMENT, SENDER = "development", "scenario"
"""The mode of a suite on a laptop, and the service that writes to people."""
READY_S = 60.0
GRACE_S = 8.0
COLOCATED = "suite"
_ANSWERED = '"event":"rpc_answered"'
_LONGEST_WORDS = 500
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Six processes, each with as many threads as there are cores, would be in each other's way."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    home: Home
    topology: Topology
    data: str = "none"
    """The shop that it begins with."""
    colocate: bool = False


OnChange = Callable[[Change], None]
"""Told when a child dies by itself, and when it is back."""
OnStage = Callable[[str], None]
"""Told what is being waited for."""


@asynccontextmanager
async def running(
    wish: Wish, environ: Mapping[str, str], on_change: OnChange, on_stage: OnStage
) -> AsyncIterator[Endpoints]:
    """Run the whole suite within the context; on leaving it nothing of it is left.

    The home must have been prepared. Raises EngineError, AlreadySupervisedError, ChildFailedError,
    TouchpointError or OSError, each with a sentence for the user.
    """
    home = wish.home
    async with Supervisor(home.run, on_change=on_change) as supervisor:
        on_stage("PostgreSQL and NATS")
        async with engines(home.path, environ) as urls:
            development = environ.get("TOUCHPOINT_MODE") != Mode.PRODUCTION.value
            roles = await provision(urls.postgres, home.role_password, development=development)
            on_stage("the services")
            try:
                await _start(supervisor, programs(wish, environment_of(wish, urls, roles, environ)))
                endpoints = _endpoints(wish, supervisor)
                home.write_endpoints(endpoints)
                yield endpoints
            finally:
                # Before the engines, because children still write while they end.
                on_stage("everything to end")
                home.forget_endpoints()
                await supervisor.stop_all()


async def _start(supervisor: Supervisor, wanted: Sequence[Program]) -> None:
    """Start all at once, because they wait for one another; the first failure ends the rest."""
    starts = [asyncio.create_task(_start_one(supervisor, program)) for program in wanted]
    try:
        await asyncio.gather(*starts)
    finally:
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)


async def _start_one(supervisor: Supervisor, program: Program) -> None:
    try:
        await supervisor.start(program)
    except ChildFailedError as error:
        raise ChildFailedError(f"{error}\n  {last_words(program.log)}") from error


def last_words(log: Path) -> str:
    """Return the last line of a log that is no answer to a request, shortened."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    told = (line for line in reversed(lines) if line.strip() and _ANSWERED not in line)
    return next(told, "")[:_LONGEST_WORDS]


def programs(wish: Wish, environment: Mapping[str, str]) -> list[Program]:
    """Return the child processes that make up the suite."""
    replicas = wish.topology.replicas
    if wish.colocate:
        workers = enumerate(wish.topology.by_number(), 1)
        return [
            _program(wish, worker_name(number), "cli.colocated", environment, hosted)
            for number, hosted in workers
        ]
    return [
        _program(wish, replica.name, f"services.{replica.service}", environment, [replica])
        for replica in replicas
    ]


def worker_name(number: int) -> str:
    """Return the name of a process that holds all services; `number` counts from 1."""
    return COLOCATED if number == 1 else f"{COLOCATED}-{number}"


def _program(
    wish: Wish,
    name: str,
    module: str,
    environment: Mapping[str, str],
    replicas: Iterable[Replica],
) -> Program:
    told = dict(environment)
    for replica in replicas:
        told |= replica.listening()
        if replica.service == SENDER and told.get("TOUCHPOINT_MODE", DEVELOPMENT) == DEVELOPMENT:
            # Links in messages lead to this machine; a deployment says where its own are served.
            link = f"http://{wish.topology.web}/unsubscribe"
            told["TOUCHPOINT_UNSUBSCRIBE_URL"] = told.get("TOUCHPOINT_UNSUBSCRIBE_URL") or link
    return Program(
        name=name,
        command=(sys.executable, "-m", module),
        environment=told,
        log=wish.home.logs / f"{name}.log",
        ready=lambda: until_all_serve(replicas),
        ready_timeout_s=READY_S,
        restart=True,
        grace_s=GRACE_S,
    )


def environment_of(
    wish: Wish, urls: EngineUrls, roles: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return what every process is told alike; `programs` adds where each listens."""
    told = {
        **_ONE_THREAD,
        **environ,
        **wish.topology.targets(),
        "TOUCHPOINT_HOME": str(wish.home.path),
        "TOUCHPOINT_NATS_URL": urls.nats,
    }
    # Only if none was given: a key of its own would make what another key wrote unreadable.
    told.setdefault("TOUCHPOINT_DEPLOYMENT_KEY", wish.home.deployment_key())
    told.pop("TOUCHPOINT_POSTGRES_URL", None)  # the administrator's: no service may have it
    for service in SERVICES:
        told[f"TOUCHPOINT_{service.upper()}_POSTGRES_URL"] = roles[service]
    return told


def _endpoints(wish: Wish, supervisor: Supervisor) -> Endpoints:
    return Endpoints(
        grpc=wish.topology.addresses(),
        web=wish.topology.web,
        pid=os.getpid(),
        pids={name: supervisor.pid(name) for name in supervisor.states()},
        colocated=wish.colocate,
        data=wish.data,
    )
