"""The catalogue as other services read and write it, over a real server."""

import asyncio

import grpc
import pytest

from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.background import running
from shared.bus import InMemoryBus
from shared.catalogue import Catalogue
from shared.catalogue.follower import CatalogueFollower
from tests.grpc.retrieval.replicas import Retrieval, item, promotion
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb


@pytest.fixture(params=["memory", "postgres"])
async def retrieval(request, fresh_database, in_memory_bus, clock):
    if request.param == "memory":
        store = InMemoryCatalogue()
    else:
        store = PostgresCatalogue(await fresh_database("retrieval", MIGRATIONS))
    async with Retrieval(store, in_memory_bus, clock).serving() as opened:
        yield opened


async def test_what_is_written_is_streamed_and_found(retrieval):
    await retrieval.items(item("tv", category="Video > TV"), item("red-tv", variant_of="tv"))
    answer = await retrieval.offers(promotion("sale", about_items=["tv"]))
    assert (answer.written, answer.catalogue_version) == (1, 2)
    [streamed] = [
        part
        async for part in retrieval.stub.StreamCatalogue(pb.StreamCatalogueRequest(), timeout=5)
    ]
    rows = {row.offer_id: row for row in streamed.batch.rows}
    assert rows["red-tv"].family_no == rows["tv"].offer_no
    assert list(rows["sale"].about_nos) == [rows["tv"].offer_no]
    found = await retrieval.stub.GetOffers(
        pb.GetOffersRequest(offer_ids=["sale", "gone", "tv"]), timeout=5
    )
    assert [row.offer_id for row in found.rows] == ["sale", "tv"]
    assert found.rows[0] == rows["sale"]


async def test_good_rows_are_written_beside_bad_ones(retrieval):
    bad = item("b")
    bad.price.CopyFrom(Money(amount="-3", currency="usd"))
    answer = await retrieval.items(item("a"), bad, item("c", variant_of="c"))
    assert answer.written == 1
    assert [(row.index, row.field) for row in answer.rejected] == [
        (1, "price.currency"),
        (1, "price.amount"),
        (2, "variant_of"),
    ]
    assert retrieval.no("b") == 0


async def test_the_same_items_again_make_no_version(retrieval):
    first = await retrieval.items(item("a"), item("b"))
    again = await retrieval.items(item("b"), item("a"))
    assert (again.written, again.catalogue_version) == (2, first.catalogue_version)


async def test_a_reader_that_has_all_is_told_so_at_once(retrieval):
    await retrieval.items(item("a"))
    parts = [
        part
        async for part in retrieval.stub.StreamCatalogue(
            pb.StreamCatalogueRequest(version=1), timeout=5
        )
    ]
    assert [(p.batch.version, p.newest_version, len(p.batch.rows)) for p in parts] == [(1, 1, 0)]


async def test_the_version_is_told_without_the_rows(retrieval):
    await retrieval.items(item("a"))
    await retrieval.items(item("b"))
    answer = await retrieval.stub.GetCatalogueVersion(pb.GetCatalogueVersionRequest(), timeout=5)
    assert answer.version == 2


async def test_a_follower_gets_changes_as_they_come(retrieval):
    await retrieval.items(item("a"))
    copy = Catalogue()
    stream = retrieval.stub.StreamCatalogue(pb.StreamCatalogueRequest(follow=True), timeout=10)
    copy.apply((await stream.read()).batch)
    await retrieval.items(item("b"))
    copy.apply((await stream.read()).batch)
    stream.cancel()
    assert copy.offer_ids == ["", "a", "b"]
    assert copy.version == 2


async def test_the_read_model_of_another_service_gets_all_of_a_large_catalogue(retrieval):
    await retrieval.items(*(item(f"i{number}") for number in range(4500)))
    await retrieval.items(item("i7", category="Moved"))
    follower = CatalogueFollower(InMemoryBus(), retrieval.stub, service="ranker")
    async with running({"catalogue": follower.run}), asyncio.timeout(10):
        await follower.ready()
    copy, own = follower.catalogue, retrieval.replica.catalogue
    assert (copy.version, copy.size) == (own.version, 4501)
    assert copy.offer_ids == own.offer_ids
    moved = copy.categories.text(copy.category_no[copy.offer_no("i7")])
    assert moved == "Moved"


async def test_a_version_from_another_life_is_out_of_range(retrieval):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await retrieval.stub.StreamCatalogue(pb.StreamCatalogueRequest(version=9), timeout=5).read()
    assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("rpc", "request_", "path"),
    [
        ("UpsertItems", pb.UpsertItemsRequest(), "items"),
        ("UpsertOffers", pb.UpsertOffersRequest(), "offers"),
        ("GetOffers", pb.GetOffersRequest(), "offer_ids"),
        ("ErasePerson", pb.ErasePersonRequest(), "person_ids"),
        ("UpsertItems", pb.UpsertItemsRequest(items=[item("x")] * 5001), "items"),
    ],
)
async def test_empty_and_oversized_requests_are_refused(retrieval, rpc, request_, path):
    with pytest.raises(grpc.aio.AioRpcError, match=path) as refused:
        await getattr(retrieval.stub, rpc)(request_, timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert retrieval.replica.catalogue.version == 0
