"""`touchpoint simulate --model --exploration`: a model or policy judged by the ranker's journal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cli.calling import CALLER, business_time, service
from cli.console import Exit, fail, people, say_json
from cli.reporting import followed
from cli.showing.policy import show_ranking_simulation
from shared.call import CALLER as CALLER_KEY
from touchpoint.ranker.v1.off_policy_pb2 import RankingSimulation, SimulateRankingRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

_METADATA = ((CALLER_KEY, CALLER),)
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%")


@dataclass(frozen=True, slots=True)
class RankingAsked:
    """What is to be judged, by what."""

    days: timedelta
    limit: int
    model: str
    """A snapshot by its name; empty: the model of then."""
    exploration: str
    """Such as `0%`; empty: as the definitions say."""


def simulate_ranking(asked: RankingAsked, home: Path | None, *, as_json: bool) -> None:
    """Have the ranker judge it, and show what came of it."""
    request = SimulateRankingRequest(at_most=asked.limit, model=asked.model)
    if asked.exploration:
        request.exploration = parse_share(asked.exploration)
    with service("ranker", home) as channel:
        request.since_time.FromDatetime(business_time(channel) - asked.days)
        report = _simulated(RankerServiceStub(channel), request, quiet=as_json)
    if as_json:
        say_json(report)
    else:
        show_ranking_simulation(people, report)


def parse_share(text: str) -> float:
    """Read `5%`; ends the command when it is anything else."""
    found = _SHARE.fullmatch(text)
    if found is None or float(found[1]) > 100.0:
        fail(f"--exploration {text!r}: say a share from 0% to 100%, such as 5%", Exit.USAGE)
    return float(found[1]) / 100.0


def _simulated(
    stub: RankerServiceStub, request: SimulateRankingRequest, *, quiet: bool
) -> RankingSimulation:
    responses = stub.SimulateRanking(request, metadata=_METADATA)
    return followed(responses, RankingSimulation(), "ranking again", quiet=quiet)
