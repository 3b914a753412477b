"""Finds out where the edge and the services behind it are reached."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.suite.home import Home
from shared.config import WEB_PORT, WELL_KNOWN_PORTS

DEFAULT_HOME = Path(".touchpoint")
GROCER_HOME = Path(".touchpoint-grocer")
HOME_SETTING = "TOUCHPOINT_HOME"
EDGE_SETTING = "TOUCHPOINT_EDGE"

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help=f"Folder of the suite; else {HOME_SETTING}, else {DEFAULT_HOME}.",
        rich_help_panel="Where",
    ),
]
EdgeOption = Annotated[
    str,
    typer.Option(
        "--edge",
        metavar="HOST:PORT",
        envvar=EDGE_SETTING,
        help="The edge's gRPC; else where the suite of the home listens.",
        rich_help_panel="Where",
    ),
]


def home_of(told: Path | None, data: str = "") -> Home:
    """Return the suite's folder: as told, else by environment, else the one of the data."""
    named = told or os.environ.get(HOME_SETTING)
    fallback = GROCER_HOME if data == "grocer" else DEFAULT_HOME
    return Home(Path(named or fallback).expanduser().absolute())


@dataclass(frozen=True, slots=True)
class Reach:
    """Where everything is, as host:port."""

    edge: str
    services: Mapping[str, str]
    web: str

    def to(self, service: str) -> str:
        """Return the address of a service; the edge's own name gives the edge."""
        return self.edge if service == "aggregator" else self.services[service]


def reach(home: Path | None = None, edge: str = "") -> Reach:
    """Find out where the suite is: as told, by settings, by its home, else the well-known ports.

    The services behind an edge told by hand are where `TOUCHPOINT_<NAME>_TARGETS` says.
    """
    running = home_of(home).endpoints()
    found = {name: f"127.0.0.1:{port}" for name, port in WELL_KNOWN_PORTS.items()}
    web = f"127.0.0.1:{WEB_PORT}"
    if running is not None:
        found |= {name: addresses[0] for name, addresses in running.grpc.items()}
        web = running.web
    for name in found:
        told = os.environ.get(f"TOUCHPOINT_{name.upper()}_TARGETS", "")
        if told:
            found[name] = told.split(",")[0].strip()
    if edge:
        found["aggregator"] = edge
    return Reach(found["aggregator"], found, web)
