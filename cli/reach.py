"""Finds out where the edge and the services behind it are reached."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.suite.home import Home
from shared.config import WELL_KNOWN_PORTS

DEFAULT_HOME = Path(".touchpoint")
GROCER_HOME = Path(".touchpoint-grocer")
HOME_SETTING = "TOUCHPOINT_HOME"
EDGE_SETTING = "TOUCHPOINT_EDGE"
EDGE = "aggregator"


def home_of(told: Path | None, data: str = "") -> Home:
    """Return the suite's folder: as told, else by environment, else the one of the data."""
    named = told or os.environ.get(HOME_SETTING)
    fallback = GROCER_HOME if data == "grocer" else DEFAULT_HOME
    return Home(Path(named or fallback).expanduser().absolute())


@dataclass(frozen=True, slots=True)
class Reach:
    """Where every service is, as host:port."""

    services: Mapping[str, str]

    @property
    def edge(self) -> str:
        return self.services[EDGE]

    def to(self, service: str) -> str:
        """Return the address of a service, the edge included."""
        return self.services[service]


def reach(home: Path | None = None, edge: str = "") -> Reach:
    """Find out where the suite is: as told, by settings, by its home, else the well-known ports.

    The services behind an edge told by hand are where `TOUCHPOINT_<NAME>_TARGETS` says.
    """
    running = home_of(home).endpoints()
    found = {name: f"127.0.0.1:{port}" for name, port in WELL_KNOWN_PORTS.items()}
    if running is not None:
        found |= {name: addresses[0] for name, addresses in running.grpc.items()}
    for name in found:
        told = os.environ.get(targets_setting(name), "")
        if told:
            found[name] = told.split(",")[0].strip()
    if edge:
        found[EDGE] = edge
    return Reach(found)


def targets_setting(service: str) -> str:
    """Return the setting that says where a service is."""
    return f"TOUCHPOINT_{service.upper()}_TARGETS"
