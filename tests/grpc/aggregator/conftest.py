"""The edge on a real server, over fake peers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.testing.grpc import grpc_service
from tests.unit.aggregator.edge import Edge
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub


@asynccontextmanager
async def served(edge: Edge) -> AsyncIterator[AggregatorServiceStub]:
    """Serve an edge through the whole middleware and lend a stub of it."""
    async with grpc_service(edge.binding()) as channel:
        yield AggregatorServiceStub(channel)


@pytest.fixture
async def edge():
    made = Edge(ticking=None)
    await made.popular.refresh()
    return made


@pytest.fixture
async def stub(edge):
    async with served(edge) as made:
        yield made
