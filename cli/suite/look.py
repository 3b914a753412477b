"""Looks at a running suite from outside: who serves, as which process, with how much memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

from cli.channels import asynchronous
from cli.suite.footprint import memory_mb
from cli.suite.home import Endpoints, Home
from cli.suite.lag import messages_behind
from cli.suite.running import worker_name
from cli.suite.waiting import serves
from shared.processes import holder_of
from shared.processes.record import ChildRecord

SERVING, SILENT = "serving", "not serving"
RUNNING = "running"
"""Of an engine: its process is there. Whether it answers, the services say."""
_ENGINES = {"postgres": "PostgreSQL", "nats-server": "NATS"}


@dataclass(frozen=True, slots=True)
class Part:
    """One process of a suite, or one service in the colocated one."""

    name: str
    address: str
    health: str
    pid: int | None
    memory_mb: float | None
    behind: int | None
    """Messages on the bus that the service has not read yet; None where unknown."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A suite as it is right now."""

    endpoints: Endpoints
    parts: tuple[Part, ...]
    memory_mb: float

    @property
    def is_well(self) -> bool:
        return all(part.health != SILENT for part in self.parts)


async def look(home: Home) -> Sight | None:
    """Look at the suite of a home; None when none runs there."""
    endpoints = home.endpoints()
    if endpoints is None or holder_of(home.lock) is None:
        return None
    pids = {name: who.pid for name, who in ChildRecord(home.children).read().items()}
    behind = await messages_behind(home)
    named = [
        (service, service if number == 1 else f"{service}-{number}", worker_name(number), address)
        for service, addresses in endpoints.grpc.items()
        for number, address in enumerate(addresses, 1)
    ]
    parts = await asyncio.gather(
        *(
            _look_at(home, service, name, address, pids.get(name, pids.get(worker)), behind)
            for service, name, worker, address in named
        )
    )
    return Sight(endpoints, (*parts, *_engines(endpoints.pid)), memory_mb(endpoints.pid))


async def _look_at(
    home: Home,
    service: str,
    name: str,
    address: str,
    pid: int | None,
    behind: Mapping[str, int],
) -> Part:
    async with asynchronous(home, address) as channel:
        health = SERVING if await serves(channel, service) else SILENT
    memory = memory_mb(pid) if pid else None
    return Part(name, address, health, pid, memory, behind.get(service))


def _engines(pid: int) -> list[Part]:
    """Find the engines among the descendants of the supervising process."""
    try:
        family = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    found: dict[str, Part] = {}
    for process in family:
        title = _ENGINES.get(_name(process))
        if title and title not in found:
            found[title] = Part(title, "", RUNNING, process.pid, memory_mb(process.pid), None)
    return list(found.values())


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""
