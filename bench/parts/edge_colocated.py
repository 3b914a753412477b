"""What is saved where all services are in one process, as many of them as there are cores."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench.customers import banner_requests
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite, opened_suite
from bench.part import Measuring, Tell
from bench.rates import Rates
from bench.rating import rated
from bench.scale import Scale
from bench.subject import DEADLINE_S, GOOD_SHARE, Subject
from cli.load.edge import recommending
from cli.load.generator import Send
from cli.load.outcome import percentile
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest

SETTINGS = {"TOUCHPOINT_RETRIEVAL_CANDIDATES": "300"}
"""Of both suites."""
_GUESS = 1.6
_WARM_UP_REQUESTS = 200
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class _Edge:
    """A suite as it is asked, of its edges in turn."""

    plain: Subject[RecommendRequest]
    explained: Subject[RecommendRequest]


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell, rates: Rates) -> Measuring:
    """Compare with the suite in separate processes, whose rate and CPU time are known."""
    rated_rps = rates.rated_rps()
    workers = str(os.cpu_count() or 1)
    tell(f"starting a suite in one process, {workers} times")
    async with (
        opened_suite("--colocate", "--workers", workers, settings=SETTINGS) as together,
        _edge("separate processes", suite) as apart,
        _edge("one process", together) as united,
    ):
        for edge in (apart, united):
            await edge.explained.one_by_one(_WARM_UP_REQUESTS)
        yield await _explained(apart, united, scale, tell)
        united_rps = await _rated(united.plain, rated_rps * _GUESS, scale, tell)
        yield [Figure.median("colocated_over_separate_rated", [united_rps / rated_rps])]
        tell("CPU time of one process at half of what is rated")
        half_rps = united_rps * _HALF
        cpus_ms = [await united.plain.cpu_ms(half_rps, scale.cpu_s) for _ in range(scale.rounds)]
        ratios = [each / rates.cpu_ms for each in cpus_ms]
        yield [Figure.median("colocated_cpu_over_separate", ratios)]


async def _explained(apart: _Edge, united: _Edge, scale: Scale, tell: Tell) -> list[Figure]:
    """Ask both in turn, one call at a time, to explain their answers."""
    p99s_ms: list[list[float]] = [[], []]
    for number in range(scale.rounds):
        tell(f"explained pages, round {number + 1} of {scale.rounds}")
        for found, edge in zip(p99s_ms, (apart, united)):
            took_ms = await edge.explained.one_by_one(scale.sequential_requests)
            found.append(percentile(took_ms, 0.99))
    names = ("recommend_300_p99_ms", "recommend_300_colocated_p99_ms")
    return [Figure.median(name, found) for name, found in zip(names, p99s_ms)]


async def _rated(
    subject: Subject[RecommendRequest], guess: float, scale: Scale, tell: Tell
) -> float:
    async def probe(rate: float) -> bool:
        share = (await subject.sustained(rate, scale.probe_s)).good_share
        tell(f"rating {subject.name}: {rate:.0f} requests/s, {share:.1%} answered well in time")
        return share >= GOOD_SHARE

    found = await rated(probe, guess)
    if not found:
        raise MeasurementError(f"{subject.name} sustains no rate at all")
    return found


@asynccontextmanager
async def _edge(name: str, suite: OpenedSuite) -> AsyncIterator[_Edge]:
    async with AsyncExitStack() as stack:
        sends = [
            await stack.enter_async_context(recommending(address, DEADLINE_S))
            for address in suite.running.grpc["aggregator"]
        ]
        send = _in_turn(sends)
        yield _Edge(
            Subject(name, send, banner_requests(), suite.processes),
            Subject(name, send, _explaining(), suite.processes),
        )


def _in_turn(sends: Sequence[Send[RecommendRequest]]) -> Send[RecommendRequest]:
    turns = itertools.cycle(sends)

    async def send(request: RecommendRequest) -> str:
        return await next(turns)(request)

    return send


def _explaining() -> Iterator[RecommendRequest]:
    for request in banner_requests():
        request.explain = True
        yield request
