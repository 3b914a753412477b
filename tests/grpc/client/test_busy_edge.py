"""The client before an edge that refuses or fails first: both of its kinds do the same."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest

from shared.errors import Overloaded
from shared.transport.status import STATUS_DETAILS, to_status
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import (
    AggregatorServiceServicer,
    add_AggregatorServiceServicer_to_server,
)
from touchpoint.client import AsyncTouchpoint, CallError, Throttled, Touchpoint, event
from touchpoint.common.v1.event_pb2 import Event

ASKED = {"channel": "web", "placement": "web.item"}


class BusyEdge(AggregatorServiceServicer):
    """Refuses as many calls as it was told to, then answers."""

    def __init__(self):
        self.refusals = 0
        self.received = []

    async def _take(self, request, context):
        self.received.append(request)
        if self.refusals:
            self.refusals -= 1
            status = to_status(Overloaded(retry_after_s=0.001), "r-1")
            context.set_trailing_metadata(((STATUS_DETAILS, status.SerializeToString()),))
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too busy")

    async def Recommend(self, request, context):  # noqa: N802 as generated
        await self._take(request, context)
        return pb.RecommendResponse(decision_id="d")

    async def Track(self, request, context):  # noqa: N802
        await self._take(request, context)
        return pb.TrackResponse(accepted=len(request.events))


class InThread:
    """The blocking client, awaited as the async one is."""

    def __init__(self, address, **how):
        self._client = Touchpoint(address, **how)

    async def recommend(self, who, **wanted):
        return await asyncio.to_thread(self._client.recommend, who, **wanted)

    async def track(self, *events):
        return await asyncio.to_thread(self._client.track, *events)

    async def close(self):
        self._client.close()


@pytest.fixture
async def served():
    servicer, server = BusyEdge(), grpc.aio.server()
    add_AggregatorServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield servicer, f"127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture(params=[AsyncTouchpoint, InThread])
async def connect(request, served):
    opened = []

    def open_client(**how):
        opened.append(request.param(served[1], **how))
        return opened[-1]

    yield open_client
    for client in opened:
        await client.close()


async def test_what_was_refused_is_asked_again_and_answered(served, connect):
    edge, _ = served
    client = connect(timeout_s=10.0)
    await client.recommend("customer:c", **ASKED)
    edge.refusals = 1
    answer = await client.recommend("customer:c", **ASKED)

    assert answer.decision_id == "d"
    assert len(edge.received) == 3


async def test_events_with_ids_come_again_as_they_were(served, connect):
    edge, _ = served
    client = connect(timeout_s=10.0)
    await client.track(event("view", "customer:c"))
    edge.refusals = 1
    noted = await client.track(event("view", "customer:c"))

    assert noted.accepted == 1
    assert edge.received[1] == edge.received[2]


async def test_events_without_ids_are_sent_once(served, connect):
    edge, _ = served
    edge.refusals = 1
    with pytest.raises(CallError):
        await connect(timeout_s=10.0).track(Event(type="view"))

    assert len(edge.received) == 1


async def test_an_edge_that_refuses_everything_is_soon_sent_little(served, connect):
    edge, _ = served
    edge.refusals = 1_000
    client = connect()
    throttled = 0
    for _ in range(100):
        try:
            await client.recommend("customer:c", **ASKED)
        except Throttled:
            throttled += 1
        except CallError:
            pass

    assert throttled > 50
    assert len(edge.received) == 100 - throttled
