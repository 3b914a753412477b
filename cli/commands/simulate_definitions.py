"""`touchpoint simulate DIR`: what other definitions would have changed in recorded decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import typer

from cli.calling import CALLER, business_time, service
from cli.commands.definitions import read_folder, show_problems
from cli.commands.versions import is_version
from cli.console import Exit, people, say_json
from cli.reporting import Tell, bar
from cli.showing.simulation import as_json_simulation, show_simulation
from shared.call import CALLER as CALLER_KEY
from touchpoint.client import call_error
from touchpoint.rules.v1.rules_service_pb2 import (
    SimulateDefinitionsRequest,
    SimulateDefinitionsResponse,
)
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.rules.v1.simulation_pb2 import SimulationProgress

_METADATA = ((CALLER_KEY, CALLER),)


@dataclass(frozen=True, slots=True)
class DefinitionsAsked:
    """By what decisions are made again, which of them, and how much is told."""

    target: str
    """A folder of definitions, or a version."""
    days: timedelta
    against: str
    """A version; empty: what is in force."""
    limit: int
    examples: int
    offers: int


def simulate_definitions(asked: DefinitionsAsked, home: Path | None, *, as_json: bool) -> None:
    """Have rules decide again, and show what would change; mistakes end the command."""
    request = _request(asked)
    with service("rules", home) as channel, bar("checking", quiet=as_json) as tell:
        request.since_time.FromDatetime(business_time(channel) - asked.days)
        answer = _simulated(RulesServiceStub(channel), request, tell)
    if as_json:
        say_json(as_json_simulation(answer))
    else:
        show_problems(Path(asked.target), answer.problems)
    if not answer.HasField("report"):
        raise typer.Exit(Exit.FAILED)
    if not as_json:
        show_simulation(people, answer.report)


def _request(asked: DefinitionsAsked) -> SimulateDefinitionsRequest:
    request = SimulateDefinitionsRequest(
        against_hash=asked.against,
        at_most=asked.limit,
        examples=asked.examples,
        offers=asked.offers,
    )
    if is_version(asked.target):
        request.bundle_hash = asked.target
    else:
        request.files.extend(read_folder(Path(asked.target)))
    return request


def _simulated(
    stub: RulesServiceStub, request: SimulateDefinitionsRequest, tell: Tell
) -> SimulateDefinitionsResponse:
    """Return problems and the report of a stream, telling how far it is; raises CallError."""
    whole = SimulateDefinitionsResponse()
    responses = stub.SimulateDefinitions(request, metadata=_METADATA)
    try:
        for response in responses:
            if response.HasField("progress"):
                tell(_doing(response.progress), response.progress.done, response.progress.total)
                response.ClearField("progress")
            whole.MergeFrom(response)
    except grpc.RpcError as error:
        raise call_error(error) from None
    finally:
        responses.cancel()
    return whole


def _doing(at: SimulationProgress) -> str:
    return "deciding again" if at.total else "waiting for another simulation to end"
