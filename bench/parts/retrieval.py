"""Retrieving 200 candidates from a million items with all sources on, and starting with them."""

from __future__ import annotations

import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.large_demand import tell_of_demand
from bench.large_requests import CANDIDATES, retrievals
from bench.large_retrieval import LargeHome, LargeRetrieval, large_retrieval, made_home
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.load.generator import drive
from cli.load.outcome import percentile
from cli.load.schedule import poisson
from shared.engines import PostgresEngine, engines
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest, RetrieveResponse
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

REQUESTS_PER_S = 25.0
_WARM_UP_S = 8.0
_LOOKED_S = 15.0
"""What rises, and where, is looked at every ten seconds."""
_ROUND_S = 20.0
_TIMEOUT_S = 1.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Ask as the edge does, over gRPC from another process, open loop.

    `retrieve_1m_p99_ms` is the time within the service, from the whole request to the whole answer;
    `retrieve_1m_grpc_p99_ms` is that of the caller, from when the request was due. What is asked
    says `large_requests`; a round in which one of our own sources never proposed anything fails.
    """
    with tempfile.TemporaryDirectory(prefix="touchpoint-bench-") as folder:
        try:
            async with engines(Path(folder), {}) as urls:
                tell("writing a million items and a model of them")
                home = await made_home(Path(folder), urls, suite)
                tell("the first start, which reads all rows and prepares the model")
                async with large_retrieval(home) as running:
                    tell(f"it took {running.started_s:.1f} s")
                    await home.snapshot_written()
                async for figures in _restarted(suite, home, scale, tell):
                    yield figures
        finally:
            PostgresEngine(Path(folder)).erase()


async def _restarted(suite: OpenedSuite, home: LargeHome, scale: Scale, tell: Tell) -> Measuring:
    starts, count = [], max(scale.rounds - 2, 1)
    for number in range(count):
        async with large_retrieval(home) as running:
            starts.append(running.started_s)
            tell(f"start {number + 1} of {count}: {running.started_s:.1f} s")
            if number + 1 < count:
                continue
            yield [Figure.median("retrieval_restart_1m_s", starts)]
            yield await _under_load(suite, home, running, scale, tell)


async def _under_load(
    suite: OpenedSuite,
    home: LargeHome,
    running: LargeRetrieval,
    scale: Scale,
    tell: Tell,
) -> list[Figure]:
    bundle_hash = await _bundle_hash(suite)
    requests = retrievals(home.catalogue, bundle_hash)
    inside, outside, cpu_ms = [], [], []
    async with grpc.aio.insecure_channel(running.address) as channel:
        stub = RetrievalServiceStub(channel)
        heard = Heard()

        async def send(request: RetrieveRequest) -> str:
            answer = await stub.Retrieve(request, timeout=_TIMEOUT_S)
            return heard.degraded(answer)

        await running.settled()
        await drive(send, requests, poisson(REQUESTS_PER_S, _WARM_UP_S, 0))
        # Only now, because what somebody buys counts for the persona that they came as.
        await tell_of_demand(home.environment["TOUCHPOINT_NATS_URL"], home.catalogue)
        await drive(send, requests, poisson(REQUESTS_PER_S, _LOOKED_S, 0))
        running.handled.since_last()
        for number in range(scale.rounds):
            tell(f"{REQUESTS_PER_S:.0f} requests a second, round {number + 1} of {scale.rounds}")
            heard = Heard()
            before = running.cpu_s()
            due = poisson(REQUESTS_PER_S, _ROUND_S, number + 1)
            summary = await drive(send, requests, due)
            if summary.failed or summary.degraded:
                raise MeasurementError(f"not all sources answered: {summary.reasons}")
            if heard.silent:
                raise MeasurementError(f"never proposed anything: {', '.join(heard.silent)}")
            cpu_ms.append((running.cpu_s() - before) * 1000 / summary.requests)
            outside.append(summary.p99_ms)
            handled = running.handled.since_last()
            inside.append(percentile(handled, 0.99))
            tell(f"p50 {percentile(handled, 0.5):.2f} ms, p99 {inside[-1]:.2f} ms in the service")
        tell(f"median ms by source: {_told(heard.spent_ms)}")
        rss_mb = running.process.memory_info().rss / 1e6
    return [
        Figure.median("retrieve_1m_p99_ms", inside),
        Figure.median("retrieve_1m_grpc_p99_ms", outside),
        Figure.median("retrieve_1m_cpu_ms", cpu_ms),
        Figure.median("retrieval_rss_1m_mb", [rss_mb]),
    ]


@dataclass(slots=True)
class Heard:
    """What sources said in one round."""

    spent_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    proposed: Counter[str] = field(default_factory=Counter)

    def degraded(self, answer: RetrieveResponse) -> str:
        """Take an answer in; return what is wrong with it."""
        for source in answer.sources:
            self.spent_ms[source.source].append(source.spent_ms)
            self.proposed[source.source] += source.candidates
        failures = [f"{each.source} {each.failure}" for each in answer.sources if each.failure]
        if len(answer.candidates.offer_nos) < CANDIDATES:
            failures.append(f"{len(answer.candidates.offer_nos)} candidates")
        return ", ".join(failures)

    @property
    def silent(self) -> list[str]:
        """Sources that were asked and never had anything to propose: they cost nothing."""
        return sorted(name for name in self.spent_ms if not self.proposed[name])


def _told(spent: Mapping[str, list[float]]) -> str:
    medians = {name: statistics.median(values) for name, values in spent.items()}
    return ", ".join(f"{name} {medians[name]:.2f}" for name in sorted(medians, key=medians.get))  # type: ignore[arg-type]


async def _bundle_hash(suite: OpenedSuite) -> str:
    async with grpc.aio.insecure_channel(suite.running.grpc["rules"][0]) as channel:
        request = GetActiveBundleRequest(service="retrieval", replica="bench")
        return (await RulesServiceStub(channel).GetActiveBundle(request)).bundle_hash
