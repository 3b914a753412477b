"""Records how large the messages of real recommendations are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

import grpc.aio
from google.protobuf.message import Message

from bench.floor import EDGE, SERVICES
from bench.floor_graph import Sizes
from bench.opened import OpenedSuite
from services.aggregator.app import open_service
from services.aggregator.config import AggregatorSettings
from shared.bus import Bus
from shared.clock import BusinessClock
from shared.config import load
from shared.hosting import hosted
from shared.opening import OPENERS
from shared.postgres import Database
from shared.runtime import Channels
from shared.service import Runtime, Service
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub

REQUESTS = 100
_TIMEOUT_S = 5.0


@dataclass(slots=True)
class _Counted:
    requests: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.requests, self.answers))


_Found = dict[str, _Counted]


async def record(suite: OpenedSuite, requests: Iterator[RecommendRequest]) -> Sizes:
    """Return the sizes of all messages of 100 real requests, asked one after the other.

    They go through an edge of our own in front of the suite's services, whose channels count.
    """
    sizes: _Found = defaultdict(_Counted)
    channels = Channels()
    settings = load(AggregatorSettings, {**suite.environment("aggregator"), **_ANYWHERE})
    try:
        async with hosted(settings, _recording(sizes), OPENERS, channels) as edge:
            await edge.health.serving.wait()
            await _ask(str(edge.grpc), requests, sizes)
    finally:
        await channels.close()
    return {name: sizes[name].pairs() for name in (EDGE, *SERVICES)}


_ANYWHERE = {
    "TOUCHPOINT_AGGREGATOR_LISTEN": "127.0.0.1:0",
    "TOUCHPOINT_WEB_LISTEN": "127.0.0.1:0",
}


async def _ask(address: str, requests: Iterator[RecommendRequest], sizes: _Found) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = AggregatorServiceStub(channel)
        for request in islice(requests, REQUESTS):
            answer = await stub.Recommend(request, timeout=_TIMEOUT_S)
            sizes[EDGE].requests.append(request.ByteSize())
            sizes[EDGE].answers.append(answer.ByteSize())


def _recording(sizes: _Found) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(settings: AggregatorSettings, runtime: Runtime) -> AsyncIterator[Service]:
        async with open_service(settings, _RecordingRuntime(runtime, sizes)) as service:
            yield service

    return opened


class _RecordingRuntime:
    """Lends what the real runtime lends, with channels that count."""

    def __init__(self, runtime: Runtime, sizes: _Found) -> None:
        self._runtime = runtime
        self._sizes = sizes

    @property
    def clock(self) -> BusinessClock:
        return self._runtime.clock

    async def postgres(self) -> Database:
        return await self._runtime.postgres()

    async def bus(self) -> Bus:
        return await self._runtime.bus()

    def channel(self, service: str) -> grpc.aio.Channel:
        counting = _CountingChannel(self._runtime.channel(service), self._sizes)
        return cast("grpc.aio.Channel", counting)


class _CountingChannel:
    """Counts the bytes of the rpcs of a recommendation; else it is the channel itself."""

    def __init__(self, channel: grpc.aio.Channel, sizes: _Found) -> None:
        self._channel = channel
        self._sizes = sizes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Message], bytes],
        response_deserializer: Callable[[bytes], Message],
        **options: Any,
    ) -> Any:
        found = self._sizes[method.rpartition("/")[2]]

        def serialize(request: Message) -> bytes:
            sent = request_serializer(request)
            found.requests.append(len(sent))
            return sent

        def deserialize(received: bytes) -> Message:
            found.answers.append(len(received))
            return response_deserializer(received)

        return self._channel.unary_unary(method, serialize, deserialize, **options)
