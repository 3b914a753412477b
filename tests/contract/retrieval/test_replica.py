"""How a replica's catalogue follows the one that is stored, on every store and bus."""

import asyncio

import pytest

from services.retrieval.domain.catalogue import PRODUCT, Draft
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.replica import CatalogueReplica
from shared.background import running
from shared.bus import InMemoryBus, Relay
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow


def items(*names, size=""):
    return [
        Draft(0, name, PRODUCT, row.SerializeToString())
        for name in names
        for row in [CatalogueRow(offer_id=name, kind=PRODUCT, attributes={"size": size})]
    ]


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("retrieval", MIGRATIONS)


@pytest.fixture(params=["memory", "nats"])
def bus(request):
    return InMemoryBus() if request.param == "memory" else request.getfixturevalue("nats_bus")


async def test_a_replica_starts_with_all_and_gets_changes_over_the_bus(database, bus):
    store = PostgresCatalogue(database)
    await store.write(items("a", "b", size="42"))
    replica, told = CatalogueReplica(bus, store), []
    replica.on_change = told.extend
    async with running({"relay": Relay(bus, database).run, "replica": replica.run}):
        async with asyncio.timeout(10):
            await replica.ready()
            assert replica.catalogue.offer_ids == ["", "a", "b"]
            await store.write(items("c", size="43"))
            await replica.newer_than(1)
    assert replica.catalogue.offer_no("c") == 3
    assert told == [1, 2, 3]
    assert replica.sizes.of(1) == replica.sizes.of(2) != replica.sizes.of(3)


async def test_a_change_too_large_for_the_bus_is_fetched(database, bus):
    store = PostgresCatalogue(database)
    replica = CatalogueReplica(bus, store)
    async with running({"relay": Relay(bus, database).run, "replica": replica.run}):
        async with asyncio.timeout(10):
            await replica.ready()
            await store.write(items(*(f"i{number}" for number in range(2600))))
            await replica.newer_than(1)
    assert replica.catalogue.size == 2601


async def test_what_the_bus_lost_comes_with_the_next_comparison(database):
    bus = InMemoryBus()
    store = PostgresCatalogue(database)
    replica = CatalogueReplica(bus, store)
    async with running({"replica": replica.run}):
        async with asyncio.timeout(10):
            await replica.ready()
            await store.write(items("a"))
            await replica.newer_than(0)
    assert replica.catalogue.offer_ids == ["", "a"]


async def test_an_own_change_is_there_as_soon_as_it_was_written(database):
    store = PostgresCatalogue(database)
    replica = CatalogueReplica(InMemoryBus(), store)
    await store.write(items("a"))
    await replica.catch_up()
    assert replica.catalogue.version == 1
