"""From an answer that rules did not confirm to its explanation, edge and rules on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.aggregator.definitions import compile_bundle
from shared.call import Call
from shared.errors import Unavailable
from shared.transport.direct import rpc_error
from tests.grpc.aggregator.conftest import served
from tests.grpc.rules.rules_kit import Rules
from tests.grpc.rules.test_recorded_at_the_edge import profiled, well_founded
from tests.unit.aggregator.edge import BANNER, Edge, bundle
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_service_pb2 import CommitRequest, CommitResponse


class Committing:
    """Commit as rules answers it, unless it does not answer: before or after it is written."""

    def __init__(self, rules: Rules) -> None:
        self._commit = rules.stub.Commit
        self.is_away = self.is_late = False

    def __call__(self, request: CommitRequest, **how: Any) -> asyncio.Future[CommitResponse]:
        return asyncio.ensure_future(self._answered(request, how))

    async def _answered(self, request: CommitRequest, how: dict[str, Any]) -> CommitResponse:
        if not self.is_away:
            answer: CommitResponse = await self._commit(request, **how)
            if not self.is_late:
                return answer
        raise rpc_error(Unavailable("away"), Call("/commit", request_id="r"))


@asynccontextmanager
async def edge_over(rules: Rules) -> AsyncIterator[tuple[Edge, AggregatorServiceStub, Committing]]:
    """Serve an edge that decides by rules as it runs here, and by fakes of all others."""
    edge = Edge(ticking=None)  # type: ignore[arg-type]
    await edge.popular.refresh()
    message = bundle()
    message.bundle_hash = rules.bundles.active_hash
    edge.definitions, edge.clock = compile_bundle(message), rules.clock
    edge.peers.profile.GetSnapshot.answer = profiled
    edge.peers.retrieval.Retrieve.answer = well_founded
    committing = edge.peers.rules.Commit = Committing(rules)
    for name in ("Check", "KeepAnswers", "GetDecision"):
        setattr(edge.peers.rules, name, getattr(rules.stub, name))
    async with served(edge) as stub:
        yield edge, stub, committing


async def recommend(stub: AggregatorServiceStub) -> pb.RecommendResponse:
    request = pb.RecommendRequest(
        identities=[{"kind": "customer", "value": "ann"}],
        channel=Channel.WEB,
        placements=[{"placement": BANNER}],
    )
    answer: pb.RecommendResponse = await stub.Recommend(request, timeout=5)
    return answer


async def explained(
    edge: Edge, stub: AggregatorServiceStub, answer: pb.RecommendResponse
) -> pb.ExplainDecisionResponse:
    while edge.unconfirmed._unwritten:
        edge.unconfirmed._write_next()
    await edge.unconfirmed.hand_over(5.0)
    request = pb.ExplainDecisionRequest(decision_id=answer.decision_id)
    found: pb.ExplainDecisionResponse = await stub.ExplainDecision(request, timeout=5)
    return found


def offers(placements: Any) -> list[str]:
    return [one.offer_id for placement in placements for one in placement.recommendations]


async def test_an_answer_without_rules_is_explained_once_rules_is_back(rules: Rules) -> None:
    async with edge_over(rules) as (edge, stub, committing):
        committing.is_away = True
        answer = await recommend(stub)
        found = await explained(edge, stub, answer)
    assert not found.committed
    assert offers(found.trace.placements) == offers(answer.placements)
    assert found.trace.degraded == answer.degraded
    assert list(found.trace.person_ids) == ["person of ann"]
    assert found.candidates


async def test_a_commit_that_was_written_and_not_heard_of_is_told_with_what_was_shown(
    rules: Rules,
) -> None:
    async with edge_over(rules) as (edge, stub, committing):
        committing.is_late = True
        answer = await recommend(stub)
        found = await explained(edge, stub, answer)
    assert found.committed
    assert not found.trace.degraded
    assert offers(found.unconfirmed.placements) == offers(answer.placements)
    assert found.unconfirmed.degraded == answer.degraded


async def test_a_decision_repeated_without_rules_keeps_how_it_was_made(rules: Rules) -> None:
    async with edge_over(rules) as (edge, stub, committing):
        first = await recommend(stub)
        made = await explained(edge, stub, first)
        assert (made.committed, made.HasField("unconfirmed")) == (True, False)
        committing.is_away = True
        again = await recommend(stub)
        found = await explained(edge, stub, again)
    assert not first.repeated_decision
    assert (again.decision_id, again.repeated_decision) == (first.decision_id, True)
    assert found.trace == made.trace
    assert [each.service for each in found.unconfirmed.degraded] == ["rules"]
