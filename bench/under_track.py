"""What tracking and learning beside it does to the slowest answers."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import banner_requests, events
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Tell
from bench.scale import Scale
from bench.shown import Shown
from bench.subject import Subject
from cli.load.edge import degraded
from cli.load.schedule import poisson
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.ranker.v1.ranker_service_pb2 import GetModelRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

EVENTS_PER_S = 500
_IN_A_BATCH = 10
_ANSWERS = 4
"""Of a batch at most, about what was shown last: these are learned from."""
_ACCEPTED_SHARE = 0.2
_REMEMBERED = 2_000
_LONG_S = 3600.0
_TIMEOUT_S = 10.0
_PAUSE_S = 0.2
_KEPT_UP = 0.9
"""Of the events; a round in which fewer were taken measures something else."""


async def under_track(suite: OpenedSuite, rate: float, scale: Scale, tell: Tell) -> Figure:
    """Compare p99 at a rate with and without events beside it, in turn."""
    ratios, round_s = [], scale.tracked_s or scale.probe_s
    async with (
        grpc.aio.insecure_channel(suite.running.edge) as channel,
        grpc.aio.insecure_channel(suite.running.grpc["ranker"][0]) as ranker,
    ):
        shoppers = _Shoppers(AggregatorServiceStub(channel))
        subject = Subject("the suite", shoppers.ask, banner_requests(), suite.processes)
        model = RankerServiceStub(ranker)
        for number in range(scale.rounds):
            tell(f"p99 beside {EVENTS_PER_S} events/s, round {number + 1} of {scale.rounds}")
            quiet = await subject.under(rate, round_s)
            before = await model.GetModel(GetModelRequest(), timeout=_TIMEOUT_S)
            async with shoppers.tracking(number) as taken:
                busy = await subject.under(rate, round_s)
            after = await model.GetModel(GetModelRequest(), timeout=_TIMEOUT_S)
            if after.learned_rows <= before.learned_rows:
                raise MeasurementError("nothing was learned beside the load")
            tell(
                f"p99 {quiet.p99_ms:.0f} ms, beside {taken.rate:.0f} events/s {busy.p99_ms:.0f} ms"
            )
            if taken.rate >= _KEPT_UP * EVENTS_PER_S:
                ratios.append(busy.p99_ms / quiet.p99_ms)
    if not ratios:
        raise MeasurementError(f"{EVENTS_PER_S} events/s beside the load were never taken")
    return Figure.median("recommend_p99_under_track_ratio", ratios)


@dataclass(slots=True)
class _Taken:
    """How many events were acknowledged since an instant."""

    begun: float
    events: int = 0
    rate: float = 0.0
    """Events a second, known in the end."""


@dataclass(frozen=True, slots=True)
class _Shoppers:
    """Those who are shown something, look around, and answer what they were shown."""

    edge: AggregatorServiceAsyncStub
    shown: deque[Shown] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    async def ask(self, request: RecommendRequest) -> str:
        # Without a deadline of the caller the placement's own holds, and the slowest are answered
        # too: a request that is given up has no latency, and would make p99 look better.
        answer = await self.edge.Recommend(request)
        self.shown.extend(Shown.in_answer(request, answer))
        return degraded(answer)

    @asynccontextmanager
    async def tracking(self, seed: int) -> AsyncIterator[_Taken]:
        """Track within the context, open loop; lends how much of it is taken."""
        taken = _Taken(time.monotonic())
        sending = asyncio.create_task(self._track(seed, taken))
        try:
            yield taken
            taken.rate = taken.events / (time.monotonic() - taken.begun)
        finally:
            sending.cancel()
            (outcome,) = await asyncio.gather(sending, return_exceptions=True)
        if not isinstance(outcome, asyncio.CancelledError):
            raise MeasurementError(f"tracking ended before its time: {outcome}")

    async def _track(self, seed: int, taken: _Taken) -> None:
        chance, others = random.Random(seed), events(seed)
        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for at in poisson(EVENTS_PER_S / _IN_A_BATCH, _LONG_S, seed):
                await asyncio.sleep(begun + at - time.monotonic())
                group.create_task(self._send(list(self._batch(chance, others)), taken))

    async def _send(self, batch: Sequence[Event], taken: _Taken) -> None:
        """Track a batch, again where it is refused because too much is asked at once."""
        while True:
            try:
                answer = await self.edge.Track(TrackRequest(events=batch), timeout=_TIMEOUT_S)
            except grpc.aio.AioRpcError:
                await asyncio.sleep(_PAUSE_S)
                continue
            if answer.rejected:
                raise MeasurementError(f"an event was rejected: {answer.rejected[0].message}")
            taken.events += len(batch)
            return

    def _batch(self, chance: random.Random, others: Iterator[Event]) -> Iterator[Event]:
        answers = 0
        while self.shown and answers < _ANSWERS:
            seen = self.shown.popleft()
            yield seen.seen()
            answers += 1
            if chance.random() < _ACCEPTED_SHARE:
                yield seen.accepted()
                answers += 1
        yield from itertools.islice(others, _IN_A_BATCH - answers)
