"""Each service behind the edge once dead and once a black hole, over real connections."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import grpc.aio
import pytest

from tests.grpc.aggregator.conftest import served
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

STUBS = {
    "profile": ProfileServiceStub,
    "retrieval": RetrievalServiceStub,
    "rules": RulesServiceStub,
    "ranker": RankerServiceStub,
    "scenario": ScenarioServiceStub,
}
SHOWN_WITHOUT = {
    "profile": ["pc-1", "pc-2"],
    "retrieval": ["tv-1", "pan-1"],
    "rules": ["welcome"],
    "ranker": ["pc-1", "pc-2"],
    "scenario": ["pc-1", "pc-2"],
}


@asynccontextmanager
async def dead():
    """Lend the address of a port where nobody listens any more."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    yield f"127.0.0.1:{port}"


@asynccontextmanager
async def black_hole():
    """Lend the address of one who takes everything and never says a word."""
    writers = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for writer in writers:
        writer.close()
    server.close()


def asked():
    return RecommendRequest(
        identities=[{"kind": "customer", "value": "c-1"}],
        channel=Channel.WEB,
        placements=[{"placement": "web.home.banner"}],
        explain=True,
    )


@pytest.mark.parametrize("service", STUBS)
@pytest.mark.parametrize(
    ("fault", "reasons"),
    [(dead, {"UNAVAILABLE", "TIMEOUT"}), (black_hole, {"TIMEOUT", "UNAVAILABLE"})],
)
async def test_a_service_that_is_gone_is_stood_in_for_within_the_deadline(
    edge, service, fault, reasons
):
    async with fault() as target, grpc.aio.insecure_channel(target) as channel:
        edge.peers = replace(edge.peers, **{service: STUBS[service](channel)})
        async with served(edge) as stub:
            answer = await stub.Recommend(asked(), timeout=1.0)
            shown = [one.offer_id for one in answer.placements[0].recommendations]
            assert shown == SHOWN_WITHOUT[service]
            ((named, reason),) = [(one.service, one.reason) for one in answer.degraded]
            assert named == service
            assert reason in reasons


async def test_with_every_service_there_the_same_request_is_not_degraded(edge):
    async with served(edge) as stub:
        answer = await stub.Recommend(asked(), timeout=1.0)
        assert not answer.degraded
        assert [one.offer_id for one in answer.placements[0].recommendations] == ["pc-1", "pc-2"]
