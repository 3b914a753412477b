"""Callers who must not lose an event: they repeat a batch until it is acknowledged, and beyond."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import grpc.aio

from tests.resilience.kills.script import Run, event
from tests.resilience.under_load.acknowledged import AcknowledgedFile
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub

CALLERS = 4
BATCH = 20
ANSWER_S = 2.0
PAUSE_S = 0.05
AGAIN_SHARE = 0.05
"""Of the batches are sent once more after they were acknowledged: their answer got lost."""


class Sending:
    """Sends the script's events and writes down first what was acknowledged."""

    def __init__(self, edge: str, file: AcknowledgedFile, run: Run, events: int) -> None:
        self._edge = edge
        self._file = file
        self._run = run
        self._chance = random.Random(run.name)
        self._batches = self._shuffled(events)
        self._moved = asyncio.Event()
        self.acknowledged = 0
        self.repeated = 0
        """Calls that failed, or whose answer was thrown away."""

    def _shuffled(self, events: int) -> Iterator[range]:
        """Yield batches out of order, as callers of several channels send them."""
        batches = [range(start, min(start + BATCH, events)) for start in range(0, events, BATCH)]
        self._chance.shuffle(batches)
        return iter(batches)

    async def send_all(self) -> None:
        options = (("grpc.max_reconnect_backoff_ms", 200),)
        async with grpc.aio.insecure_channel(self._edge, options=options) as channel:
            stub = AggregatorServiceStub(channel)
            async with asyncio.TaskGroup() as callers:
                for _ in range(CALLERS):
                    callers.create_task(self._send(stub))

    async def until(self, acknowledged: int) -> None:
        """Wait until so many events were acknowledged."""
        while self.acknowledged < acknowledged:
            self._moved.clear()
            await self._moved.wait()

    async def _send(self, stub: AggregatorServiceStub) -> None:
        for batch in self._batches:
            request = TrackRequest(events=[event(self._run, number) for number in batch])
            await self._taken(stub, request)
            self._file.events([each.event_id for each in request.events])
            self.acknowledged += len(batch)
            self._moved.set()
            if self._chance.random() < AGAIN_SHARE:
                self.repeated += 1
                await self._taken(stub, request)

    async def _taken(self, stub: AggregatorServiceStub, request: TrackRequest) -> None:
        while True:
            try:
                answer = await stub.Track(request, timeout=ANSWER_S)
            except grpc.aio.AioRpcError:
                self.repeated += 1
                await asyncio.sleep(PAUSE_S)
                continue
            assert not answer.rejected, answer.rejected[0]
            assert answer.accepted + answer.duplicates == len(request.events)
            return
