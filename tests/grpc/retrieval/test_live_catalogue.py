"""What one replica writes is found by what it is on every replica, and gone when it is gone."""

from contextlib import AsyncExitStack

import pytest

from services.retrieval.storage.in_memory import InMemoryCatalogue
from tests.grpc.retrieval.replicas import Retrieval, item
from tests.grpc.retrieval.test_retrieve import retrieve
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb

TITLE = "Cordless hammer drill"


@pytest.fixture
async def replicas(in_memory_bus, clock):
    """Two replicas on one store."""
    store = InMemoryCatalogue()
    async with AsyncExitStack() as stack:
        both = [Retrieval(store, in_memory_bus, clock) for _ in range(2)]
        for each in both:
            await stack.enter_async_context(each.serving())
        drill = item("drill", category="Tools > Drills")
        drill.title = TITLE
        await both[0].items(drill, item("spade", category="Garden"), *others())
        await both[1].followed()
        yield both


def others():
    """Return unlike things, so that not everything is near by chance."""
    return [item(f"novel {number}", category=f"Books > {number}") for number in range(5)]


async def similar(replica, item_id="drill", snapshot=None):
    view = {"item_nos": [replica.no(item_id)]}
    _, found = await retrieve(replica, snapshot, **view)
    return {offer_id for offer_id, source in found.items() if source == Source.SIMILAR}


async def write(replicas, **fields):
    """Write an item like the drill on one replica; the other hears of it, neither ranks anew."""
    new = item("new", category="Elsewhere > New", **fields)
    new.title = TITLE
    await replicas[0].stub.UpsertItems(pb.UpsertItemsRequest(items=[new]), timeout=5)
    await replicas[1].replica.catch_up()
    for each in replicas:
        await each.contents.catch_up()


async def test_a_new_item_is_found_by_its_likeness_on_both_replicas_without_any_training(replicas):
    for each in replicas:
        assert "new" not in await similar(each)
    await write(replicas)
    for each in replicas:
        assert "new" in await similar(each)


@pytest.mark.parametrize("gone", [{"withdrawn": True}, {"stock": 0}])
async def test_one_that_cannot_be_had_any_more_is_not_returned_again(replicas, gone):
    await write(replicas, stock=3)
    await write(replicas, **gone)
    for each in replicas:
        _, found = await retrieve(each, item_nos=[each.no("drill")])
        assert "new" not in found


async def test_what_was_out_of_stock_in_the_visit_brings_up_what_is_alike(replicas):
    await write(replicas)
    one = replicas[0]
    snapshot = PersonSnapshot(person_ids=["p"])
    snapshot.session.last_us = snapshot.session.start_us = one.clock.now_us()
    snapshot.recent.types.append("out_of_stock")
    snapshot.recent.times_us.append(one.clock.now_us())
    snapshot.recent.offer_nos.append(one.no("drill"))
    response, found = await retrieve(one, snapshot)
    assert found["new"] == Source.INSTEAD_OF
    assert "drill" not in found
    at = list(response.candidates.offer_nos).index(one.no("new"))
    assert response.candidates.evidence_nos[at] == one.no("drill")
