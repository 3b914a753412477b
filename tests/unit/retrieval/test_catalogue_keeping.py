"""When the catalogue is written aside."""

import asyncio

import pytest

from services.retrieval.domain.catalogue import PRODUCT, Draft
from services.retrieval.storage import replica as replica_module
from services.retrieval.storage.in_memory import InMemoryCatalogue
from services.retrieval.storage.replica import CatalogueReplica
from shared.background import running
from shared.bus import InMemoryBus
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow


class Snapshots:
    """Files that cannot be written at first."""

    def __init__(self, failures):
        self.failures = failures
        self.tried = asyncio.Semaphore(0)
        self.kept = []

    async def restored(self):
        return None

    async def keep(self, copy, sizes, attributes):
        self.tried.release()
        if self.failures:
            self.failures -= 1
            raise OSError("no space left on device")
        self.kept.append(copy.version)


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(replica_module, "WORTH_KEEPING", 3)
    for name in ("_QUIET_S", "_RETRY_S"):
        monkeypatch.setattr(replica_module, name, 0.0)


def items(*names, title=""):
    rows = [CatalogueRow(offer_id=name, kind=PRODUCT, title=title) for name in names]
    return [Draft(0, row.offer_id, PRODUCT, row.SerializeToString()) for row in rows]


async def test_what_could_not_be_written_is_tried_again_without_another_change():
    store, snapshots = InMemoryCatalogue(), Snapshots(failures=2)
    await store.write(items("a", "b", "c"))
    replica = CatalogueReplica(InMemoryBus(), store, snapshots)
    async with running({"replica": replica.run}), asyncio.timeout(10):
        for _ in range(3):
            await snapshots.tried.acquire()
    assert snapshots.kept == [1]


async def test_the_same_rows_changing_over_and_over_are_not_worth_another_file():
    store, snapshots = InMemoryCatalogue(), Snapshots(failures=0)
    replica = CatalogueReplica(InMemoryBus(), store, snapshots)
    async with running({"replica": replica.run}), asyncio.timeout(10):
        await replica.ready()
        for at in range(9):
            await store.write(items("a", "b", title=str(at)))
            await replica.catch_up()
            for _ in range(20):  # others have their turns
                await asyncio.sleep(0)
        assert not snapshots.kept
        await store.write(items("c"))
        await replica.catch_up()
        await snapshots.tried.acquire()
    assert snapshots.kept == [10]
