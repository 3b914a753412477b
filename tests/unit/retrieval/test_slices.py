"""Slices of the catalogue are read one at a time, and the same one once."""

import asyncio

import pytest

from services.retrieval.domain.catalogue import PRODUCT, Draft
from services.retrieval.slices import MOST_KEPT, SliceReader
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.errors import OutOfRange
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow


def items(*names):
    return [
        Draft(0, name, PRODUCT, CatalogueRow(offer_id=name).SerializeToString()) for name in names
    ]


class SlowCatalogue(InMemoryCatalogue):
    """Counts its reads, and how many of them went on at once."""

    def __init__(self):
        super().__init__()
        self.reads = []
        self.at_once = self.most_at_once = 0

    async def read_after(self, version):
        self.reads.append(version)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return await super().read_after(version)


@pytest.fixture
async def store():
    store = SlowCatalogue()
    await store.write(items("a"))
    await store.write(items("b"))
    return store


def ids(response):
    return [row.offer_id for row in response.batch.rows]


async def test_those_who_ask_for_the_same_share_one_read(store):
    reader = SliceReader(store)
    found = await asyncio.gather(*(reader.after(0) for _ in range(5)))
    assert [ids(response) for response in found] == [["a", "b"]] * 5
    assert store.reads == [0]


async def test_those_who_ask_for_different_slices_take_turns(store):
    reader = SliceReader(store)
    found = await asyncio.gather(reader.after(0), reader.after(1), reader.after(2))
    assert [ids(response) for response in found] == [["a", "b"], ["b"], []]
    assert (len(store.reads), store.most_at_once) == (3, 1)


async def test_what_was_written_meanwhile_is_read_anew(store):
    reader = SliceReader(store)
    await reader.after(0)
    await store.write(items("c"))
    assert ids(await reader.after(0)) == ["a", "b", "c"]
    assert (await reader.after(0)).newest_version == 3


async def test_only_so_many_slices_are_kept(store):
    reader = SliceReader(store)
    for number in range(MOST_KEPT + 1):
        await store.write(items(f"more {number}"))
        await reader.after(number)
    store.reads.clear()
    await reader.after(MOST_KEPT)
    assert store.reads == []
    await reader.after(0)
    assert store.reads == [0]


async def test_a_version_from_another_life_is_refused_every_time(store):
    reader = SliceReader(store)
    for _ in range(2):
        with pytest.raises(OutOfRange):
            await reader.after(9)
