import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from shared.binding import bind
from shared.bus import InMemoryBus, Publication
from shared.bus.subjects import CATALOGUE_CHANGED
from shared.call import Call
from shared.catalogue.follower import CatalogueFollower
from shared.errors import Unavailable, Unimplemented
from shared.testing.background import running, until
from shared.testing.grpc import grpc_service
from touchpoint.common.v1.bus_pb2 import CatalogueNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub


class CatalogueOwner:
    """Retrieval, as far as a follower sees it: one row per version, sent in slices of two."""

    def __init__(self) -> None:
        self.rows: list[CatalogueRow] = []
        self.streams = 0
        self.comparisons = 0

    def add(self, title: str) -> CatalogueBatch:
        number = len(self.rows) + 1
        self.rows.append(
            CatalogueRow(
                offer_no=number, offer_id=f"i{number}", title=title, kind=OfferKind.PRODUCT
            )
        )
        return CatalogueBatch(previous_version=number - 1, version=number, rows=[self.rows[-1]])

    async def stream_catalogue(
        self, call: Call, request: pb.StreamCatalogueRequest
    ) -> AsyncIterator[pb.StreamCatalogueResponse]:
        self.streams += 1
        newest = len(self.rows)
        for first in range(request.version, newest, 2):
            rows = self.rows[first : first + 2]
            yield pb.StreamCatalogueResponse(
                batch=CatalogueBatch(previous_version=first, version=first + len(rows), rows=rows),
                newest_version=newest,
            )

    async def get_catalogue_version(
        self, call: Call, request: pb.GetCatalogueVersionRequest
    ) -> pb.GetCatalogueVersionResponse:
        self.comparisons += 1
        return pb.GetCatalogueVersionResponse(version=len(self.rows))


def _unserved(rpc: str) -> Callable:
    method = pb.DESCRIPTOR.services_by_name["RetrievalService"].methods_by_name[rpc]
    request, response = (getattr(pb, kind.name) for kind in (method.input_type, method.output_type))

    async def refuse(self, call: Call, request):
        raise Unimplemented("not asked for here")

    refuse.__annotations__ = {"call": Call, "request": request, "return": response}
    return refuse


def _unserved_stream(rpc: str) -> Callable:
    method = pb.DESCRIPTOR.services_by_name["RetrievalService"].methods_by_name[rpc]
    request, response = (getattr(pb, kind.name) for kind in (method.input_type, method.output_type))

    async def refuse(self, call: Call, request):
        raise Unimplemented("not asked for here")
        yield

    refuse.__annotations__ = {
        "call": Call,
        "request": request,
        "return": AsyncIterator[response],
    }
    return refuse


for _method in pb.DESCRIPTOR.services_by_name["RetrievalService"].methods:
    _name = re.sub(r"(?<!^)(?=[A-Z])", "_", _method.name).lower()
    if not hasattr(CatalogueOwner, _name):
        _refuse = _unserved_stream if _method.server_streaming else _unserved
        setattr(CatalogueOwner, _name, _refuse(_method.name))


@asynccontextmanager
async def following(
    bus: InMemoryBus, owner: CatalogueOwner, **options
) -> AsyncIterator[CatalogueFollower]:
    binding = bind(pb.DESCRIPTOR.services_by_name["RetrievalService"], owner)
    async with grpc_service(binding) as channel:
        follower = CatalogueFollower(bus, RetrievalServiceStub(channel), service="rules", **options)
        async with running(follower):
            yield follower


def notice(batch: CatalogueBatch, *, fetch: bool = False) -> Publication:
    if fetch:
        batch = CatalogueBatch(previous_version=batch.previous_version, version=batch.version)
    return Publication.of(CATALOGUE_CHANGED, 1, CatalogueNotice(batch=batch, fetch=fetch))


async def test_it_is_ready_when_all_the_owner_has_is_here(in_memory_bus: InMemoryBus):
    owner = CatalogueOwner()
    for title in "abcde":
        owner.add(title)
    async with following(in_memory_bus, owner) as follower:
        with pytest.raises(Unavailable):
            await follower.check_ready()
        await follower.ready()
        assert follower.catalogue.titles == ["", *"abcde"]
        assert follower.catalogue.version == 5


async def test_a_change_comes_over_the_bus_and_is_told(in_memory_bus: InMemoryBus):
    owner, told = CatalogueOwner(), []
    async with following(in_memory_bus, owner, on_change=told.extend) as follower:
        await follower.ready()
        await in_memory_bus.publish([notice(owner.add("new"))])
        await until(lambda: follower.catalogue.version == 1)
        assert follower.catalogue.offer_no("i1") == 1
        assert told == [1]


async def test_missing_changes_are_fetched_from_the_owner(in_memory_bus: InMemoryBus):
    owner = CatalogueOwner()
    async with following(in_memory_bus, owner) as follower:
        await follower.ready()
        owner.add("never announced")
        await in_memory_bus.publish([notice(owner.add("announced"))])
        await until(lambda: follower.catalogue.version == 2)
        assert follower.catalogue.titles[1:] == ["never announced", "announced"]


async def test_rows_left_out_of_a_notice_are_fetched(in_memory_bus: InMemoryBus):
    owner = CatalogueOwner()
    async with following(in_memory_bus, owner) as follower:
        await follower.ready()
        await in_memory_bus.publish([notice(owner.add("big"), fetch=True)])
        await until(lambda: follower.catalogue.titles[1:] == ["big"])


async def test_a_change_nobody_announced_is_found_by_comparing(
    in_memory_bus: InMemoryBus,
):
    owner = CatalogueOwner()
    async with following(in_memory_bus, owner) as follower:
        await follower.ready()
        owner.add("silent")
        in_memory_bus.disconnect()
        in_memory_bus.reconnect()  # a reconnect compares at once, else it is every two seconds
        await until(lambda: follower.catalogue.version == 1)


async def test_comparing_fetches_nothing_while_nothing_is_missing(in_memory_bus: InMemoryBus):
    owner = CatalogueOwner()
    owner.add("a")
    async with following(in_memory_bus, owner) as follower:
        await follower.ready()
        streams = owner.streams
        in_memory_bus.disconnect()
        in_memory_bus.reconnect()
        await until(lambda: owner.comparisons == 1)
        owner.add("b")
        in_memory_bus.disconnect()
        in_memory_bus.reconnect()
        await until(lambda: follower.catalogue.version == 2)
    assert owner.streams == streams + 1
