"""Which processes a service of a suite has, and which its engines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import psutil

from cli.suite.home import Home
from shared.processes import holder_of
from shared.processes.identity import ProcessIdentity
from shared.processes.record import ChildRecord

SERVICES = ("profile", "retrieval", "rules", "ranker", "scenario")
"""Those behind the edge, in the order in which they are made bad."""
ENGINES: Mapping[str, str] = MappingProxyType({"postgres": "postgres", "nats": "nats-server"})
"""Each by the name of its program."""


@dataclass(slots=True)
class ServiceProcesses:
    """All replicas of a service, whichever processes they are just now."""

    home: Home
    service: str
    _families: dict[ProcessIdentity, list[psutil.Process]] = field(default_factory=dict)

    def processes(self) -> Sequence[psutil.Process]:
        """Return each with what it has started: where a keeper stands in front, the program."""
        replicas = re.compile(rf"{self.service}(-\d+)?")
        found = {
            name: who
            for name, who in ChildRecord(self.home.children).read().items()
            if replicas.fullmatch(name)
        }
        families = {who: self._families.get(who) or _family(who) for who in found.values()}
        self._families = families
        return [process for family in families.values() for process in family]


@dataclass(frozen=True, slots=True)
class EngineProcesses:
    """An engine that a suite has started by itself."""

    home: Home
    engine: str

    def processes(self) -> Sequence[psutil.Process]:
        """Return all processes of that program below the one that supervises the suite."""
        holder = holder_of(self.home.lock)
        if holder is None:
            return ()
        try:
            below = psutil.Process(holder.pid).children(recursive=True)
        except psutil.Error:
            return ()
        return [each for each in below if _program(each) == ENGINES[self.engine]]


def target(home: Path, name: str) -> ServiceProcesses | EngineProcesses:
    """Return the processes of a service or an engine, by its name."""
    place = Home(home)
    return EngineProcesses(place, name) if name in ENGINES else ServiceProcesses(place, name)


def _family(who: ProcessIdentity) -> list[psutil.Process]:
    """Return a process and what it has started; nothing if it is gone."""
    if not who.is_alive():
        return []
    try:
        process = psutil.Process(who.pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _program(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""
