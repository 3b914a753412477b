"""The edge as the load sees it: one channel, a deadline on every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio

from cli.load.generator import Send
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, RecommendResponse
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub


@asynccontextmanager
async def recommending(address: str, deadline_s: float) -> AsyncIterator[Send[RecommendRequest]]:
    """Lend a way to ask the edge at host:port; a request not answered in time fails."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = AggregatorServiceStub(channel)

        async def send(request: RecommendRequest) -> str:
            return degraded(await stub.Recommend(request, timeout=deadline_s))

        yield send


def degraded(answer: RecommendResponse) -> str:
    """Return the services that were degraded, with their reasons; "" for none."""
    return ", ".join(sorted(f"{entry.service} {entry.reason}" for entry in answer.degraded))
