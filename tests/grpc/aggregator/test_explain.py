"""A decision that was made can be explained afterwards."""

import grpc
import pytest

from shared.errors import NotFound
from tests.unit.aggregator.edge import BANNER, TV, everything_kept
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ExplainDecisionRequest,
    RecommendRequest,
)
from touchpoint.common.v1.decision_pb2 import Removals
from touchpoint.common.v1.vocabulary_pb2 import Channel, RemovalCode, Source
from touchpoint.rules.v1.rules_service_pb2 import GetDecisionResponse


@pytest.fixture
async def decided(stub, edge):
    """Decide once, and let rules keep what was committed."""

    def removing_the_tv(request):
        response = everything_kept(request)
        at = list(request.candidates.offer_nos).index(TV)
        del response.kept[at], response.placement_bits[at]
        response.removed.CopyFrom(
            Removals(offer_nos=[TV], codes=[RemovalCode.OWNED], rules=["owned"])
        )
        return response

    edge.peers.rules.Check.answer = removing_the_tv
    answer = await stub.Recommend(
        RecommendRequest(
            identities=[{"kind": "customer", "value": "c-1"}],
            channel=Channel.WEB,
            placements=[{"placement": BANNER}],
            explain=True,
        )
    )
    commit = edge.peers.rules.Commit.request
    edge.peers.rules.GetDecision.answer = lambda _: GetDecisionResponse(
        trace=commit.trace, placements=commit.placements
    )
    return answer


async def test_the_trace_tells_what_was_shown_as_the_caller_saw_it(stub, edge, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    explained = await stub.ExplainDecision(asked)
    (shown,) = explained.trace.placements
    assert [one.offer_id for one in shown.recommendations] == ["pc-1", "pc-2"]
    assert shown.recommendations[0].reasons == decided.placements[0].recommendations[0].reasons
    assert shown.recommendations[0].score == 0.5
    assert [part.name for part in shown.recommendations[0].contributions] == ["prior"]
    assert explained.trace.decision_id == decided.decision_id
    assert explained.trace.bundle_hash == "bundle"


async def test_what_was_removed_is_told_with_its_reason(stub, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    (removed,) = (await stub.ExplainDecision(asked)).removed
    assert (removed.offer_id, removed.code) == ("tv-1", RemovalCode.OWNED)
    assert removed.text == "You have one of these at home."


async def test_every_candidate_is_told_with_its_source_and_what_became_of_it(stub, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    explained = await stub.ExplainDecision(asked)
    found = {one.offer_id: (one.title, one.outcome) for one in explained.candidates}
    assert found["pc-1"] == ("Aurora 15", "SHOWN")
    assert found["tv-1"] == ("Vista 50", "REMOVED")
    assert found["pan-1"] == ("Cake pan", "NOT_CHOSEN")
    assert {one.source for one in explained.candidates} == {Source.POPULAR}


async def test_how_the_time_was_used_is_kept(stub, decided):
    asked = ExplainDecisionRequest(decision_id=decided.decision_id)
    timings = (await stub.ExplainDecision(asked)).trace.timings
    assert {timing.service for timing in timings} >= {"profile", "retrieval", "rules.Check"}


async def test_a_decision_that_nobody_keeps_is_not_found(stub, edge):
    edge.peers.rules.GetDecision.error = NotFound("there is no such decision")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ExplainDecision(ExplainDecisionRequest(decision_id="x"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
