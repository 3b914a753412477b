"""A service whose training is done by a child that is stood in for."""

import pytest

from services.retrieval.storage.in_memory import InMemoryCatalogue
from tests.grpc.retrieval.replicas import Retrieval, item
from tests.grpc.retrieval.trained import Child


@pytest.fixture
def child():
    return Child()


@pytest.fixture
async def retrieval(in_memory_bus, clock, child):
    opened = Retrieval(InMemoryCatalogue(), in_memory_bus, clock, train=child)
    async with opened.serving():
        names = ("shoes", "socks", "watch", "bike", "helmet", "pump")
        await opened.items(*(item(name, category=name) for name in names))
        yield opened
