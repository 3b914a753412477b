"""How long it takes until an answer has been learned from everywhere, and how many a core takes."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import PLACEMENT, shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.learning_rate import learning_rate
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from bench.shown import Shown
from cli.load.outcome import percentile
from shared.arms import IMPERSONAL
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionRequest,
    RecommendRequest,
    TrackRequest,
)
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1.ranker_service_pb2 import GetModelRequest, GetModelResponse
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub

ANSWERS = 100
"""Of one round: half of them impressions, half accepted after having been seen."""
_MOST_PASSED_OVER = 50
_POLL_S = 0.002
_PATIENCE_S = 10.0
_TIMEOUT_S = 5.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Track one answer after the other; each counts until the slower replica has learned it.

    One replica writes the learning log and is not told here: the slower one is the other, or later
    than it.
    """
    rounds = []
    people = itertools.cycle(shoppers().customers)
    async with AsyncExitStack() as stack:
        edge_channel = await stack.enter_async_context(
            grpc.aio.insecure_channel(suite.running.edge)
        )
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(address))
            for address in suite.running.grpc["ranker"]
        ]
        edge = AggregatorServiceStub(edge_channel)
        replicas = _Replicas([RankerServiceStub(channel) for channel in channels])
        for number in range(scale.rounds):
            tell(f"answers until both replicas know, round {number + 1} of {scale.rounds}")
            latencies: list[float] = []
            while len(latencies) < ANSWERS:
                latencies += await _see_and_accept(edge, replicas, people)
            rounds.append(percentile(sorted(latencies), 0.99))
    yield [Figure.median("learn_to_other_replica_p99_ms", rounds)]
    async for figures in learning_rate(scale, tell):
        yield figures


@dataclass(frozen=True, slots=True)
class _Replicas:
    """All that learn from the same log."""

    stubs: Sequence[RankerServiceAsyncStub]

    async def written(self) -> int:
        """Return how many rows the log has, once all have learned all of them."""
        models = [await _model(stub) for stub in self.stubs]
        rows = max(model.written_rows for model in models)
        await self.until_learned(rows)
        return rows

    async def until_learned(self, rows: int) -> None:
        """Return once every one has learned from that row; raises MeasurementError."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                for stub in self.stubs:
                    while (await _model(stub)).learned_rows < rows:  # noqa: ASYNC110 it happens elsewhere
                        await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise MeasurementError(f"row {rows} was not learned in {_PATIENCE_S:.0f} s") from None


async def _model(stub: RankerServiceAsyncStub) -> GetModelResponse:
    return await stub.GetModel(GetModelRequest(), timeout=_TIMEOUT_S)


async def _see_and_accept(
    edge: AggregatorServiceAsyncStub, replicas: _Replicas, people: Iterator[Identity]
) -> Sequence[float]:
    """Let somebody see an offer and then accept it; return how long each took to be learned, ms."""
    shown = await _shown(edge, people)
    latencies = []
    for answering in (shown.seen, shown.accepted):
        rows, event = await replicas.written(), answering()
        answer = await edge.Track(TrackRequest(events=[event]), timeout=_TIMEOUT_S)
        acknowledged = time.perf_counter()
        if answer.accepted != 1:
            raise MeasurementError(f"the {event.type} was not accepted: {answer}")
        await replicas.until_learned(rows + 1)
        latencies.append((time.perf_counter() - acknowledged) * 1000)
    return latencies


async def _shown(edge: AggregatorServiceAsyncStub, people: Iterator[Identity]) -> Shown:
    """Show something to the next person who is shown more than what everybody sees."""
    for person in itertools.islice(people, _MOST_PASSED_OVER):
        request = RecommendRequest(
            identities=[person],
            channel=Channel.WEB,
            placements=[PlacementRequest(placement=PLACEMENT)],
        )
        request.context.session_id = str(uuid.uuid4())
        answer = await edge.Recommend(request, timeout=_TIMEOUT_S)
        shown = next(Shown.in_answer(request, answer), None)
        if shown is not None and not answer.degraded and await _is_learned_from(edge, shown):
            return shown
    raise MeasurementError(f"{_MOST_PASSED_OVER} customers in a row were shown nothing personal")


async def _is_learned_from(edge: AggregatorServiceAsyncStub, shown: Shown) -> bool:
    """Say whether the model chose it: of those held out nothing is learned."""
    request = ExplainDecisionRequest(decision_id=shown.decision_id)
    explained = await edge.ExplainDecision(request, timeout=_TIMEOUT_S)
    return explained.trace.arm not in IMPERSONAL
