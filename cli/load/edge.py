"""The edge as the load sees it: one channel, a deadline on every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc.aio

from cli.channels import asynchronous
from cli.load.generator import Send
from cli.load.outcome import InvalidAnswerError
from cli.suite.home import Home
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, RecommendResponse
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub

EMPTY = "EMPTY"
"""Nothing to show for a placement that was asked for."""


@asynccontextmanager
async def recommending(
    address: str, deadline_s: float, home: Home | None = None, *, whole: bool = False
) -> AsyncIterator[Send[RecommendRequest]]:
    """Lend a way to ask the edge at host:port; a request not answered in time fails.

    With a home it is asked as other commands ask it, by key and by TLS. An answer with nothing to
    show for a placement is InvalidAnswerError where `whole`. Raises CommandError.
    """
    opened = asynchronous(home, address) if home else grpc.aio.insecure_channel(address)
    async with opened as channel:
        stub = AggregatorServiceStub(channel)

        async def send(request: RecommendRequest) -> str:
            answer = await stub.Recommend(request, timeout=deadline_s)
            if whole and not fills_all(request, answer):
                raise InvalidAnswerError(EMPTY)
            return degraded(answer)

        yield send


def degraded(answer: RecommendResponse) -> str:
    """Return the services that were degraded, with their reasons; "" for none."""
    return ", ".join(sorted(f"{entry.service} {entry.reason}" for entry in answer.degraded))


def fills_all(request: RecommendRequest, answer: RecommendResponse) -> bool:
    """Say whether there is something to show for every placement that was asked for."""
    filled = {each.placement for each in answer.placements if each.recommendations}
    return filled >= {each.placement for each in request.placements}
