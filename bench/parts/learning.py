"""How long it takes until an answer has been learned from, wherever the next one is ranked."""

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
from bench.opened import OpenedSuite
from bench.part import Tell
from bench.scale import Scale
from cli.load.outcome import percentile
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source
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


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> list[Figure]:
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
    return [Figure.median("learn_to_other_replica_p99_ms", rounds)]


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
    for type_ in ("impression", "accept"):
        rows = await replicas.written()
        answer = await edge.Track(TrackRequest(events=[shown.event(type_)]), timeout=_TIMEOUT_S)
        acknowledged = time.perf_counter()
        if answer.accepted != 1:
            raise MeasurementError(f"the {type_} was not accepted: {answer}")
        await replicas.until_learned(rows + 1)
        latencies.append((time.perf_counter() - acknowledged) * 1000)
    return latencies


@dataclass(frozen=True, slots=True)
class _Shown:
    """An offer in front of somebody."""

    person: Identity
    decision_id: str
    offer_id: str
    session_id: str

    def event(self, type_: str) -> Event:
        event = Event(
            event_id=str(uuid.uuid4()),
            type=type_,
            identities=[self.person],
            channel=Channel.WEB,
            session_id=self.session_id,
            decision_id=self.decision_id,
            offer_id=self.offer_id,
            placement=PLACEMENT,
        )
        event.time.GetCurrentTime()
        return event


async def _shown(edge: AggregatorServiceAsyncStub, people: Iterator[Identity]) -> _Shown:
    """Show something to the next person who is shown more than what everybody sees."""
    for person in itertools.islice(people, _MOST_PASSED_OVER):
        request = RecommendRequest(
            identities=[person],
            channel=Channel.WEB,
            placements=[PlacementRequest(placement=PLACEMENT)],
        )
        request.context.session_id = str(uuid.uuid4())
        answer = await edge.Recommend(request, timeout=_TIMEOUT_S)
        for found in answer.placements[0].recommendations:
            if not answer.degraded and found.reasons[0].code != Source.DEFAULT:
                session_id = request.context.session_id
                return _Shown(person, answer.decision_id, found.offer_id, session_id)
    raise MeasurementError(f"{_MOST_PASSED_OVER} customers in a row were shown nothing personal")
