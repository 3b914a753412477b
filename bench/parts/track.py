"""How many events a second are durable, beside plain rows, and how soon a single one is."""

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
from cli.load.generator import drive
from cli.load.schedule import poisson
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

_TIMEOUT_S = 10.0
_WARM_UP_S = 1.0
_SETTLE_S = 2.0
"""Until all that was tracked has come through the bus."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Track with as many callers and as many events a call as the plain inserts have."""
    tracked, inserted = [], []
    async with (
        grpc.aio.insecure_channel(suite.running.edge) as channel,
        raw_inserts(suite.urls.postgres) as inserts,
    ):
        stub = AggregatorServiceStub(channel)
        await _events_per_s(stub, _WARM_UP_S, a_call=1)
        singles = [await _single_p99_ms(stub, scale, seed, tell) for seed in range(scale.rounds)]
        yield [Figure.median("track_single_p99_ms", singles)]
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


async def _single_p99_ms(
    stub: AggregatorServiceAsyncStub, scale: Scale, seed: int, tell: Tell
) -> float:
    """Track single events, open loop, at half the rate that callers who wait get through."""
    most = await _events_per_s(stub, _WARM_UP_S, a_call=1)
    await asyncio.sleep(_SETTLE_S)
    tell(f"single events at {most / 2:.0f}/s, round {seed + 1} of {scale.rounds}")
    requests = (TrackRequest(events=[event]) for event in events(seed))

    async def track(request: TrackRequest) -> str:
        answer = await stub.Track(request, timeout=_TIMEOUT_S)
        return "" if answer.accepted else "rejected"

    summary = await drive(track, requests, poisson(most / 2, scale.raw_insert_s, seed))
    if summary.failed or summary.degraded:
        raise MeasurementError(f"not every event was taken: {summary.reasons}")
    return summary.p99_ms


async def _events_per_s(
    stub: AggregatorServiceAsyncStub, duration_s: float, a_call: int = ROWS
) -> float:
    start = time.perf_counter()
    until = start + duration_s
    callers = (_track_until(stub, until, seed, a_call) for seed in range(CONNECTIONS))
    accepted = sum(await asyncio.gather(*callers))
    return accepted / (time.perf_counter() - start)


async def _track_until(
    stub: AggregatorServiceAsyncStub, until: float, seed: int, a_call: int
) -> int:
    tracked = events(seed)
    accepted = 0
    while time.perf_counter() < until:
        request = TrackRequest(events=itertools.islice(tracked, a_call))
        answer = await stub.Track(request, timeout=_TIMEOUT_S)
        if answer.rejected:
            raise MeasurementError(f"an event was rejected: {answer.rejected[0].message}")
        accepted += answer.accepted
    return accepted
