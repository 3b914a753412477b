"""How many events a second are durable, beside the rows that PostgreSQL alone takes."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import events
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.raw_insert import CONNECTIONS, ROWS, raw_inserts
from bench.scale import Scale
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

_TIMEOUT_S = 10.0
_WARM_UP_S = 1.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Track with as many callers and as many events a call as the plain inserts have."""
    tracked, inserted = [], []
    async with (
        grpc.aio.insecure_channel(suite.running.edge) as channel,
        raw_inserts(suite.urls.postgres) as inserts,
    ):
        stub = AggregatorServiceStub(channel)
        await _events_per_s(stub, _WARM_UP_S)
        for number in range(scale.rounds):
            which = f"round {number + 1} of {scale.rounds}"
            tell(f"tracking, {which}")
            tracked.append(await _events_per_s(stub, scale.raw_insert_s))
            tell(f"plain inserts, {which}")
            inserted.append(await inserts.rows_per_s(scale.raw_insert_s))
    ratios = [ours / plain for ours, plain in zip(tracked, inserted)]
    yield [
        Figure.median("track_events_per_s", tracked),
        Figure.median("track_over_raw_insert", ratios),
    ]


async def _events_per_s(stub: AggregatorServiceAsyncStub, duration_s: float) -> float:
    start = time.perf_counter()
    callers = (_track_until(stub, start + duration_s, seed) for seed in range(CONNECTIONS))
    accepted = sum(await asyncio.gather(*callers))
    return accepted / (time.perf_counter() - start)


async def _track_until(stub: AggregatorServiceAsyncStub, until: float, seed: int) -> int:
    tracked = events(seed)
    accepted = 0
    while time.perf_counter() < until:
        request = TrackRequest(events=itertools.islice(tracked, ROWS))
        answer = await stub.Track(request, timeout=_TIMEOUT_S)
        if answer.rejected:
            raise MeasurementError(f"an event was rejected: {answer.rejected[0].message}")
        accepted += answer.accepted
    return accepted
