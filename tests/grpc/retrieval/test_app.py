"""The whole of retrieval as a process runs it, on PostgreSQL and NATS."""

import asyncio

import grpc.aio
import pytest

from services.retrieval.app import open_service
from services.retrieval.config import RetrievalSettings
from services.retrieval.storage import MIGRATIONS
from shared.hosting import hosted
from shared.opening import OPENERS
from shared.runtime import Channels
from shared.setting_types import Listen
from shared.transport.direct import DirectChannel
from tests.grpc.retrieval.replicas import item
from touchpoint.common.v1.clock_service_pb2 import GetClockRequest
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub


@pytest.fixture
async def channels(postgres, nats_url, nats_bus, tmp_path):
    """Two replicas of retrieval while no other service is there, and a channel to each."""
    async with postgres.clone("retrieval", MIGRATIONS) as url:
        settings = RetrievalSettings(
            postgres_url=url,
            nats_url=nats_url,
            listen=Listen("127.0.0.1", 0),
            home=tmp_path,
            deployment_key=bytes(32),
        )
        away = Channels(direct={"profile": DirectChannel(), "rules": DirectChannel()})
        async with (
            hosted(settings, open_service, OPENERS, away) as one,
            hosted(settings, open_service, OPENERS, away) as other,
            asyncio.timeout(20),
        ):
            await one.health.serving.wait()
            await other.health.serving.wait()
            async with (
                grpc.aio.insecure_channel(str(one.grpc)) as first,
                grpc.aio.insecure_channel(str(other.grpc)) as second,
            ):
                yield first, second


async def test_retrieval_serves_its_catalogue_while_no_other_service_is_there(channels):
    first, second = (RetrievalServiceStub(channel) for channel in channels)
    stream = second.StreamCatalogue(pb.StreamCatalogueRequest(follow=True), timeout=10)
    assert (await stream.read()).newest_version == 0
    answer = await first.UpsertItems(pb.UpsertItemsRequest(items=[item("tv")]), timeout=5)
    assert answer.written == 1
    assert [row.offer_id for row in (await stream.read()).batch.rows] == ["tv"]
    stream.cancel()
    await ClockServiceStub(channels[0]).GetClock(GetClockRequest(), timeout=5)


async def test_without_definitions_a_request_is_told_to_come_again(channels):
    request = pb.RetrieveRequest()
    request.context.bundle_hash = "b"
    request.context.placements.add(placement="web.home.banner", limit=1)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await RetrievalServiceStub(channels[0]).Retrieve(request, timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
