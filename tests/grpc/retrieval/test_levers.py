"""Levers as somebody sets and lists them, over a real server."""

from contextlib import AsyncExitStack

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.retrieval.storage.in_memory import InMemoryCatalogue
from tests.grpc.retrieval.replicas import Retrieval, item, promotion
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


@pytest.fixture
async def replicas(in_memory_bus, clock):
    """Two replicas on one store."""
    store = InMemoryCatalogue()
    async with AsyncExitStack() as stack:
        both = [Retrieval(store, in_memory_bus, clock) for _ in range(2)]
        for each in both:
            await stack.enter_async_context(each.serving())
        await both[0].items(item("tv"))
        await both[0].offers(promotion("sale", about_items=["tv"]))
        await both[1].followed()
        yield both


async def set_lever(replica, lever, offer_id="sale", **more):
    request = pb.SetLeverRequest(offer_id=offer_id, lever=lever, why="full", **more)
    return await replica.stub.SetLever(request, timeout=5)


async def listed(replica, offer_id=""):
    answer = await replica.stub.ListLevers(pb.ListLeversRequest(offer_id=offer_id), timeout=5)
    return [(each.offer_id, each.lever, each.changed_by) for each in answer.settings]


def now(clock):
    return Timestamp(seconds=clock.now_us() // 1_000_000)


async def test_a_lever_holds_on_every_replica_and_says_who_set_it(replicas):
    answer = await set_lever(replicas[0], 1.5, changed_by="ann")
    assert (answer.setting.changed_by, answer.setting.why) == ("ann", "full")
    assert answer.setting.changed_time.seconds
    await replicas[1].replica.catch_up()
    for each in replicas:
        catalogue = each.replica.catalogue
        assert catalogue.levers_set([catalogue.offer_no("sale")], 0).tolist() == [1.5]
        assert await listed(each) == [("sale", 1.5, "ann")]


async def test_set_back_it_is_no_longer_listed_and_its_history_is(replicas):
    await set_lever(replicas[0], 1.5, changed_by="ann")
    back = await set_lever(replicas[0], 1.0)
    assert back.setting.changed_by == back.setting.caller != ""
    assert await listed(replicas[0]) == []
    assert [each[:2] for each in await listed(replicas[0], "sale")] == [("sale", 1), ("sale", 1.5)]


@pytest.mark.parametrize(("lever", "path"), [(0.0, "lever"), (1000.1, "lever"), (-1.0, "lever")])
async def test_what_is_no_lever_is_refused_with_its_field(replicas, lever, path):
    with pytest.raises(grpc.aio.AioRpcError, match=path) as refused:
        await set_lever(replicas[0], lever)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert await listed(replicas[0]) == []


async def test_an_end_that_is_past_is_refused(replicas, clock):
    with pytest.raises(grpc.aio.AioRpcError, match="until_time") as refused:
        await set_lever(replicas[0], 2.0, until_time=Timestamp(seconds=1))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_nan_is_no_lever(replicas):
    with pytest.raises(grpc.aio.AioRpcError, match="lever") as refused:
        await set_lever(replicas[0], float("nan"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_lever_of_nothing_is_not_found(replicas):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await set_lever(replicas[0], 2.0, "gone")
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
