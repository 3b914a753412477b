"""`touchpoint up`: everything on this machine, from nothing to a first decision."""

from __future__ import annotations

import asyncio
import os
from enum import StrEnum
from typing import Annotated

import typer

from cli.console import CommandError, Exit, fail, people
from cli.options import HomeOption, JsonOption
from cli.reach import home_of
from cli.suite.running import Wish
from cli.suite.session import up as run_suite
from cli.suite.topology import (
    FIRST_PORT,
    MOST_REPLICAS,
    SERVICES,
    Topology,
    TopologyError,
    parse_replicas,
    plan,
)
from shared.engines import EngineError
from shared.errors import TouchpointError
from shared.processes import (
    AlreadySupervisedError,
    ChildFailedError,
    NoFreePortError,
    UnsupportedPlatformError,
    platform_check,
)
from shared.stopping import until_asked_to_stop
from touchpoint.client import CallError

GROCER_SHIFT = 100
"""The grocer's suite stands this many ports above the story shop's, so that both can run."""


class Data(StrEnum):
    """What a suite begins with."""

    STORY = "story"
    GROCER = "grocer"
    NONE = "none"


_EXPECTED = (
    EngineError,
    AlreadySupervisedError,
    ChildFailedError,
    NoFreePortError,
    TouchpointError,
    CallError,
    CommandError,
    OSError,
)
"""What keeps a suite from starting; each has a sentence for whoever started it."""


DataOption = Annotated[
    Data, typer.Option(help="The shop to begin with: made and imported at the first start.")
]
ColocateFlag = Annotated[
    bool, typer.Option("--colocate", help="All services in one process, calls go straight.")
]
ReplicasOption = Annotated[
    list[str] | None,
    typer.Option(metavar="SERVICE=COUNT", help="More than one process of a service; repeatable."),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        min=1,
        max=MOST_REPLICAS,
        help="With --colocate: so many such processes, as a rule one a core.",
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65_000,
        help=f"Of the edge, else {FIRST_PORT}, for the grocer {FIRST_PORT + GROCER_SHIFT}; the "
        "others lie as far above it as usual. 0: any free ones.",
    ),
]


def up(
    data: DataOption = Data.STORY,
    colocate: ColocateFlag = False,
    workers: WorkersOption = 1,
    replicas: ReplicasOption = None,
    port: PortOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start PostgreSQL, NATS and all services here, and show a first decision.

    Stays until Ctrl-C or `touchpoint down`. Given TOUCHPOINT_POSTGRES_URL or TOUCHPOINT_NATS_URL
    it uses those instead of starting its own. The grocer has a home of its own,
    .touchpoint-grocer, so that both shops can run at once.

    Example: touchpoint up --data story --replicas rules=2
    """
    try:
        platform_check()
        topology = _topology(data, colocate, workers, replicas or [], port)
    except (UnsupportedPlatformError, NoFreePortError) as error:
        fail(str(error))
    except TopologyError as error:
        fail(str(error), Exit.USAGE)
    wish = Wish(home_of(home, data), topology, data, colocate)
    try:
        asyncio.run(until_asked_to_stop(run_suite(wish, os.environ, people, as_json=as_json)))
    except _EXPECTED as error:
        fail(str(error) or type(error).__name__)
    if not as_json:
        people.print("Everything has ended.")


def _topology(
    data: Data, colocate: bool, workers: int, replicas: list[str], port: int | None
) -> Topology:
    if colocate and replicas:
        raise TopologyError(
            "--colocate is one process, or --workers: leave --replicas out, or --colocate"
        )
    if workers > 1 and not colocate:
        raise TopologyError("--workers is for --colocate; else --replicas says how many processes")
    first = FIRST_PORT + (GROCER_SHIFT if data is Data.GROCER else 0) if port is None else port
    counts = dict.fromkeys(SERVICES, workers) if colocate else parse_replicas(replicas)
    return plan(counts, first)
