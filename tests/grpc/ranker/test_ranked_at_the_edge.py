"""What a choice made by the edge teaches: the edge and the ranker on real servers."""

import pytest
import pytest_asyncio

from services.ranker.domain.encoding import decode
from services.ranker.domain.layout import COLUMN, COLUMNS
from tests.grpc.aggregator.conftest import served
from tests.unit.aggregator.edge import BANNER, PC_1, PC_2, Edge, candidates
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveResponse

OF_EVIDENCE = ("evidence_count", "evidence_share")


@pytest_asyncio.fixture(loop_scope="session")
async def edge(learning_shop):
    """Lend an edge that asks a ranker, which knows what it numbers, and fakes of all others."""
    made = Edge(ticking=None)
    made.peers.ranker.Rank = learning_shop.stub.Rank
    await made.popular.refresh()
    return made


async def taught(edge, found):
    """Return the weights that an answer to each choice teaches, by offer."""
    edge.peers.retrieval.Retrieve.answer = lambda _: RetrieveResponse(candidates=found)
    async with served(edge) as stub:
        request = RecommendRequest(
            identities=[{"kind": "customer", "value": "ann"}],
            channel=Channel.WEB,
            placements=[{"placement": BANNER}],
        )
        answer = await stub.Recommend(request, timeout=5)
    assert not answer.degraded
    [placement] = edge.peers.rules.Commit.requests[-1].placements
    return {
        each.offer_no: decode(each.features).indices.tolist()
        for each in (*placement.chosen, *placement.next)
    }


def weight_of(name, indices):
    """Return the only weight among these that belongs to a column; None: none does."""
    column = COLUMNS[COLUMN[name]]
    found = [at for at in indices if column.start <= at < column.start + column.size]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("name", OF_EVIDENCE)
async def test_an_answer_teaches_what_the_evidence_was(edge, name):
    said = candidates(PC_1, PC_2)
    said.evidence_counts[:], said.evidence_totals[:] = [2, 500], [1000, 1000]
    seen = await taught(edge, said)
    little, much = (weight_of(name, seen[no]) for no in (PC_1, PC_2))
    assert None not in (little, much)
    assert little != much
