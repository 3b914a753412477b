"""What the edge ranks a request at goes with it to every peer; callers have no say in it."""

from contextlib import asynccontextmanager

import httpx
import pytest
from google.protobuf.json_format import MessageToDict

from services.aggregator.definitions import compile_bundle
from services.aggregator.priorities import prioritise
from shared.call import PRIORITY
from shared.middleware.order import Hooks, layers
from shared.overload.limit import FixedLimit
from shared.overload.limiter import Limiter
from shared.setting_types import Listen
from shared.testing.grpc import grpc_service
from shared.transport import web_server
from shared.transport.http import http_app
from shared.transport.routes import routes
from tests.unit.aggregator.edge import BANNER, MENU, PROMPT, bundle
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel

RECOMMEND = "/touchpoint.aggregator.v1.AggregatorService/Recommend"
LETTER = "email.letter"
AGENT = None
"""An agent's is what calls have that tell none."""
CASES = [
    (Channel.EMAIL, LETTER, "batch"),
    (Channel.WEB, BANNER, "web"),
    (Channel.IVR, MENU, "ivr"),
    (Channel.CALL_CENTER, PROMPT, AGENT),
]
CLAIMS = ["agent", "ivr", "batch", "nobody", ""]


@pytest.fixture
def edge(edge):
    kept = bundle()
    kept.placements.add(placement=LETTER, channel=Channel.EMAIL, limit=2, default_offers=["hello"])
    edge.definitions = compile_bundle(kept)
    return edge


@pytest.fixture
def hooks():
    return Hooks(limiter=Limiter(FixedLimit(64)), prioritise=prioritise)


@asynccontextmanager
async def by_http(edge, hooks):
    binding = edge.binding()
    app = http_app(routes([binding], layers([binding], hooks)), lambda: (True, {}), 64 * 1024)
    async with (
        web_server.served(app, Listen("127.0.0.1", 0)) as address,
        httpx.AsyncClient(base_url=f"http://{address}", verify=False) as client,
    ):
        yield client


def asked(channel, placement):
    return RecommendRequest(
        identities=[{"kind": "customer", "value": "c-1"}],
        channel=channel,
        placements=[{"placement": placement}],
    )


def told(edge):
    """Return what each call of a peer for the decision was ranked at."""
    peers = edge.peers
    rpcs = (
        peers.profile.GetSnapshot,
        peers.retrieval.Retrieve,
        peers.rules.Check,
        peers.ranker.Rank,
        peers.rules.Commit,
    )
    found = [metadata.get(PRIORITY) for rpc in rpcs for metadata in rpc.metadata]
    assert len(found) == len(rpcs)
    return set(found)


@pytest.mark.parametrize(("channel", "placement", "ranked"), CASES)
@pytest.mark.parametrize("claim", CLAIMS)
async def test_every_peer_is_told_what_the_edge_found_whatever_its_caller_claims(
    edge, hooks, channel, placement, ranked, claim
):
    async with grpc_service(edge.binding(), hooks=hooks) as channel_to:
        stub = AggregatorServiceStub(channel_to)
        await stub.Recommend(asked(channel, placement), timeout=1.0, metadata=((PRIORITY, claim),))
    assert told(edge) == {ranked}


@pytest.mark.parametrize(("channel", "placement", "ranked"), CASES)
@pytest.mark.parametrize("claim", CLAIMS)
async def test_nor_does_a_claim_count_that_comes_by_http(
    edge, hooks, channel, placement, ranked, claim
):
    async with by_http(edge, hooks) as client:
        # The placement's own deadline would leave a busy machine no time for the last steps.
        headers = {PRIORITY: claim, "connect-timeout-ms": "1000"}
        body = MessageToDict(asked(channel, placement))
        answer = await client.post(RECOMMEND, json=body, headers=headers)
    assert answer.status_code == 200
    assert told(edge) == {ranked}


@pytest.mark.parametrize("claim", CLAIMS)
async def test_a_claim_gets_nobody_into_an_edge_that_is_full_nor_keeps_an_agent_out(
    edge, hooks, claim
):
    hooks.limiter.in_flight = 32
    metadata = ((PRIORITY, claim),)
    async with grpc_service(edge.binding(), hooks=hooks) as channel_to:
        stub = AggregatorServiceStub(channel_to)
        with pytest.raises(Exception, match="RESOURCE_EXHAUSTED"):
            await stub.Recommend(asked(Channel.EMAIL, LETTER), timeout=1.0, metadata=metadata)
        await stub.Recommend(asked(Channel.CALL_CENTER, PROMPT), timeout=1.0, metadata=metadata)
    assert told(edge) == {AGENT}
