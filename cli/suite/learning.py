"""The first training of a suite: once its data are there, it learns who likes what."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Protocol

import grpc.aio

from cli.channels import asynchronous
from cli.suite.home import Endpoints, Home
from cli.suite.screen import Screen
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingReport
from touchpoint.retrieval.v1.retrieval_service_pb2 import TrainRequest, TrainResponse
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

LONGEST_S = 600.0
_MARK = "trained"
_PERCENT = 100


class Trains(Protocol):
    """What learns; retrieval's stub is one."""

    def Train(  # noqa: N802 named as the rpc
        self, request: TrainRequest, *, timeout: float
    ) -> AsyncIterable[TrainResponse]:
        """Train, telling how far it is and then what came of it."""
        ...


async def train_first(endpoints: Endpoints, home: Home, screen: Screen) -> None:
    """Train once per home, after its first data came."""
    async with asynchronous(home, endpoints.grpc["retrieval"][0]) as channel:
        await train_once(RetrievalServiceStub(channel), home, screen)


async def train_once(retrieval: Trains, home: Home, screen: Screen) -> None:
    """Train if this home never was.

    Without a model everything else works: what goes wrong is said, and tried at the next start.
    """
    if home.has(_MARK):
        return
    screen.stage("who likes what to be learned")
    try:
        report = await _trained(retrieval, screen)
    except grpc.aio.AioRpcError as error:
        screen.say(f"Nothing was learned: {error.details()}. Try `touchpoint train`.", "yellow")
        return
    home.mark(_MARK)
    screen.say(told(report))


async def _trained(retrieval: Trains, screen: Screen) -> TrainingReport:
    report, shown = TrainingReport(), 0
    with screen.bar("Learning who likes what", _PERCENT) as advance:
        async for answer in retrieval.Train(TrainRequest(), timeout=LONGEST_S):
            done = round(_PERCENT * answer.progress.share_done)
            advance(max(0, done - shown))
            shown = max(done, shown)
            if answer.HasField("report"):
                report = answer.report
    return report


def told(report: TrainingReport) -> str:
    """Return what training came to, in a sentence."""
    if report.refusal:
        return f"Nothing was learned: {report.refusal}"
    return (
        f"Learned from {report.pairs:,} pairs of {report.persons:,} people and "
        f"{report.items:,} items."
    )
