"""A start from a file of the catalogue, whatever has become of the file."""

import numpy as np
import pytest

from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.replica import CatalogueReplica
from services.retrieval.storage.snapshots import CatalogueSnapshots
from shared.bus import InMemoryBus
from shared.catalogue.snapshot import CatalogueCopy
from tests.contract.retrieval.test_replica import items
from tests.unit.retrieval.learned import InMemoryArtefacts


class CountingStore(PostgresCatalogue):
    """Knows from which version on it was read."""

    def __init__(self, database):
        super().__init__(database)
        self.read = []

    async def read_after(self, version):
        self.read.append(version)
        return await super().read_after(version)


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("retrieval", MIGRATIONS)


@pytest.fixture
def artefacts():
    return InMemoryArtefacts()


@pytest.fixture
async def store(database):
    made = CountingStore(database)
    await made.write(items("a", "b", size="42"))
    return made


@pytest.fixture
def started(database, store, artefacts):
    """Start one more replica; it tells what it read by the store's `read`."""

    async def start():
        store.read.clear()
        snapshots = CatalogueSnapshots(database, artefacts)
        replica = CatalogueReplica(InMemoryBus(), store, snapshots)
        await replica.catch_up()
        return replica

    return start


@pytest.fixture
def keep(database, artefacts):
    async def kept(replica):
        copy = CatalogueCopy(replica.catalogue)
        while not copy.step():
            pass
        await CatalogueSnapshots(database, artefacts).keep(copy, replica.sizes, replica.attributes)

    return kept


async def test_only_what_came_later_is_read_from_the_store(store, started, keep):
    await keep(await started())
    await store.write(items("c", size="43"))
    replica = await started()
    assert store.read == [1]
    assert replica.catalogue.offer_ids == ["", "a", "b", "c"]
    assert replica.sizes.of(1) == replica.sizes.of(2) != replica.sizes.of(3)
    pairs, places = replica.attributes.pairs().of(np.array([1, 2, 3]))
    known = [replica.attributes.pair("size", size) for size in ("42", "42", "43")]
    assert (pairs.tolist(), places.tolist()) == (known, [0, 1, 2])
    assert replica.attributes.name("size")


async def test_all_rows_of_a_snapshot_are_told(store, started, keep, database, artefacts):
    await keep(await started())
    replica, told = (
        CatalogueReplica(InMemoryBus(), store, CatalogueSnapshots(database, artefacts)),
        [],
    )
    replica.on_change = told.extend
    await replica.catch_up()
    assert told == [1, 2]


async def test_a_newer_file_takes_the_place_of_the_one_before(store, started, keep, artefacts):
    await keep(await started())
    old = set(artefacts.files)
    await store.write(items("c"))
    await keep(await started())
    assert len(artefacts.files) == 1
    assert not old & set(artefacts.files)
    await started()
    assert store.read == [2]


async def test_an_older_one_does_not_take_the_place_of_a_newer(store, started, keep, artefacts):
    behind = await started()
    await store.write(items("c"))
    await keep(await started())
    newest = set(artefacts.files)
    await keep(behind)
    assert set(artefacts.files) == newest


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: b"?" + data[1:], None])
async def test_a_file_that_is_torn_altered_or_gone_is_passed_over(
    store, started, keep, artefacts, damage
):
    await keep(await started())
    for name, data in list(artefacts.files.items()):
        artefacts.files.pop(name)
        if damage:
            artefacts.files[name] = damage(data)
    assert (await started()).catalogue.offer_ids == ["", "a", "b"]
    assert store.read == [0]


async def test_one_that_cannot_be_used_is_replaced_by_one_of_the_same_version(
    database, store, started, artefacts
):
    pointer = "INSERT INTO catalogue_snapshot (artefact, version) VALUES ($1, 1)"
    await database.execute(pointer, await artefacts.put(b"of another format"))
    snapshots = CatalogueSnapshots(database, artefacts)
    replica = CatalogueReplica(InMemoryBus(), store, snapshots)
    await replica.catch_up()
    copy = CatalogueCopy(replica.catalogue)
    while not copy.step():
        pass
    await snapshots.keep(copy, replica.sizes, replica.attributes)
    await started()
    assert store.read == [1]


async def test_a_file_of_another_catalogue_is_passed_over(database, store, started, keep):
    await keep(await started())
    await database.execute("UPDATE catalogue_version SET catalogue_id = gen_random_uuid()")
    assert (await started()).catalogue.offer_ids == ["", "a", "b"]
    assert store.read == [0]


async def test_a_file_of_a_later_state_than_there_is_is_passed_over(database, store, started, keep):
    await keep(await started())
    await database.execute("UPDATE catalogue_snapshot SET version = 9")
    await started()
    assert store.read == [0]
