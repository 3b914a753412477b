"""What one replica trained, every replica serves: on PostgreSQL, NATS and a shared folder."""

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
from tests.grpc.retrieval.test_training import RIDE, RUN, purchases
from touchpoint.profile.v1.profile_pb2 import EventColumns
from touchpoint.profile.v1.profile_service_pb2 import (
    StreamEventsRequest,
    StreamEventsResponse,
    StreamPeopleRequest,
    StreamPeopleResponse,
)
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub


async def stream_events(request, context):
    columns = EventColumns()
    for person_id, number, time_us in purchases():
        columns.person_ids.append(person_id)
        columns.types.append("purchase")
        columns.offer_nos.append(number)
        columns.times_us.append(time_us)
        columns.received_us.append(time_us)
        columns.seqs.append(1)
    yield StreamEventsResponse(position=1, events=columns)


async def stream_people(request, context):
    yield StreamPeopleResponse()


@pytest.fixture
async def profile():
    """Lend a channel to a profile service that has nothing but its log."""
    events = grpc.unary_stream_rpc_method_handler(
        stream_events, StreamEventsRequest.FromString, StreamEventsResponse.SerializeToString
    )
    people = grpc.unary_stream_rpc_method_handler(
        stream_people, StreamPeopleRequest.FromString, StreamPeopleResponse.SerializeToString
    )
    name = "touchpoint.profile.v1.ProfileService"
    server = grpc.aio.server()
    methods = {"StreamEvents": events, "StreamPeople": people}
    handlers = grpc.method_handlers_generic_handler(name, methods)
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(grace=0)


@pytest.fixture
async def stubs(postgres, nats_url, nats_bus, tmp_path, profile):
    async with postgres.clone("retrieval", MIGRATIONS) as url:
        settings = RetrievalSettings(
            postgres_url=url,
            nats_url=nats_url,
            listen=Listen("127.0.0.1", 0),
            home=tmp_path,
            deployment_key=bytes(32),
        )
        channels = Channels(direct={"profile": profile, "rules": DirectChannel()})
        async with (
            hosted(settings, open_service, OPENERS, channels) as one,
            hosted(settings, open_service, OPENERS, channels) as other,
            asyncio.timeout(60),
        ):
            await one.health.serving.wait()
            await other.health.serving.wait()
            async with (
                grpc.aio.insecure_channel(str(one.grpc)) as first,
                grpc.aio.insecure_channel(str(other.grpc)) as second,
            ):
                yield RetrievalServiceStub(first), RetrievalServiceStub(second)


async def served(stub, version):
    while True:
        answer = await stub.GetModel(pb.GetModelRequest(), timeout=5)
        if answer.version >= version:
            return answer
        await asyncio.sleep(0.02)


async def test_what_one_trained_the_other_serves_and_both_forget(stubs, tmp_path):
    first, second = stubs
    items = [item(f"i{number}", category="Sports") for number in (*RUN, *RIDE)]
    await first.UpsertItems(pb.UpsertItemsRequest(items=items), timeout=5)
    responses = [each async for each in first.Train(pb.TrainRequest(), timeout=60)]
    report = responses[-1].report
    assert (report.refusal, report.persons) == ("", 60)
    assert (await served(first, 1)).model == (await served(second, 1)).model == report.model

    files = [path for path in (tmp_path / "artefacts").rglob("*") if path.is_file()]
    count = len(files)
    assert count > 1
    assert any(b"person-7" in path.read_bytes() for path in files)
    erased = pb.ErasePersonRequest(
        person_ids=[f"person-{number}" for number in (7, *range(10, 60))]
    )
    assert (await second.ErasePerson(erased, timeout=5)).rows == 51
    assert (await served(first, 2)).model == (await served(second, 2)).model == report.model
    files = [path for path in (tmp_path / "artefacts").rglob("*") if path.is_file()]
    assert len(files) == count
    assert not any(b"person-7" in path.read_bytes() for path in files)
    assert any(b"person-8" in path.read_bytes() for path in files)
