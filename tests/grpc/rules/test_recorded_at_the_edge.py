"""From a Recommend at the edge to what rules keeps of it, both on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.aggregator.definitions import compile_bundle
from services.rules.reranking import allowed, rank_request
from tests.grpc.aggregator.conftest import served
from tests.grpc.rules.rules_kit import Rules
from tests.unit.aggregator.edge import (
    BANNER,
    GUIDE,
    PAN,
    PC_1,
    PC_2,
    TV,
    Edge,
    FakeRpc,
    bundle,
    candidates,
    in_the_order_given,
    known_person,
    with_evidence,
)
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest, GetSnapshotResponse
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest, RetrieveResponse
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.recording_pb2 import RecordedDecision


def profiled(request: GetSnapshotRequest) -> GetSnapshotResponse:
    """Answer as profile does: whoever asks is a person of their own."""
    answer = known_person(request, consents=["marketing"], segments=["gardeners"])
    snapshot = PersonSnapshot.FromString(answer.snapshot)
    for persons in (snapshot.person_ids, answer.person_ids):
        persons[:] = [f"person of {request.identities[0].value}"]
    answer.snapshot = snapshot.SerializeToString()
    return answer


def well_founded(_: RetrieveRequest) -> RetrieveResponse:
    """Answer as retrieval does: of each candidate something is said."""
    return RetrieveResponse(candidates=with_evidence(candidates(PC_1, PC_2, TV, PAN, GUIDE)))


class Checking:
    """Check as rules answers it, and what it was asked."""

    def __init__(self, rules: Rules) -> None:
        self._check = rules.stub.Check
        self.requests: dict[str, pb.CheckRequest] = {}
        self.answers: dict[str, pb.CheckResponse] = {}

    def __call__(self, request: pb.CheckRequest, **how: Any) -> asyncio.Future[pb.CheckResponse]:
        asked = pb.CheckRequest.FromString(request.SerializeToString())
        self.requests[request.context.decision_id] = asked
        return asyncio.ensure_future(self._answered(request, how))

    async def _answered(self, request: pb.CheckRequest, how: dict[str, Any]) -> pb.CheckResponse:
        answer: pb.CheckResponse = await self._check(request, **how)
        self.answers[request.context.decision_id] = answer
        return answer


@asynccontextmanager
async def edge_over(
    rules: Rules, recorded_per_hour: int = 120, ranking: FakeRpc | None = None
) -> AsyncIterator[tuple[AggregatorServiceStub, Checking]]:
    """Serve an edge that decides by rules as it runs here, and by fakes of all others."""
    edge = Edge(ticking=None, recorded_per_hour=recorded_per_hour)  # type: ignore[arg-type]
    await edge.popular.refresh()
    message = bundle()
    message.bundle_hash = rules.bundles.active_hash
    edge.definitions, edge.clock = compile_bundle(message), rules.clock
    edge.peers.profile.GetSnapshot.answer = profiled
    edge.peers.retrieval.Retrieve.answer = well_founded
    if ranking is not None:
        edge.peers.ranker.Rank = ranking
    checking = edge.peers.rules.Check = Checking(rules)
    edge.peers.rules.Commit = rules.stub.Commit
    async with served(edge) as stub:
        yield stub, checking


async def recommend(stub: AggregatorServiceStub, customer: str, **more: Any) -> str:
    request = edge_pb.RecommendRequest(
        identities=[{"kind": "customer", "value": customer}],
        channel=Channel.WEB,
        placements=[{"placement": BANNER}],
        **more,
    )
    answer = await stub.Recommend(request, timeout=5)
    assert not answer.degraded
    return str(answer.decision_id)


async def kept(rules: Rules) -> dict[str, RecordedDecision]:
    await rules.recorder.write()
    found = rules.recordings.recorded(0, rules.clock.now_us() + 1, 1_000)
    return {each.decision_id: RecordedDecision.FromString(each.recorded) async for each in found}


async def test_a_live_decision_leaves_what_check_was_given(rules: Rules) -> None:
    async with edge_over(rules) as (stub, checking):
        decision_id = await recommend(stub, "ann", context={"session_id": "visit"})
    recorded, check = (await kept(rules))[decision_id], checking.requests[decision_id]
    assert recorded.snapshot == check.snapshot
    assert PersonSnapshot.FromString(recorded.snapshot).segments == ["gardeners"]
    for key in check.context.identity_keys:
        key.key = b""
    assert recorded.context == check.context
    assert recorded.context.session_id == "visit"
    assert list(recorded.candidates.offer_nos) == list(check.candidates.offer_nos)
    assert list(recorded.candidates.scores) == list(check.candidates.scores)
    assert list(recorded.candidates.sources) == list(check.candidates.sources)
    [slate] = recorded.slates
    committed = await rules.stub.GetDecision(pb.GetDecisionRequest(decision_id=decision_id))
    shown = [each.offer_no for each in committed.placements[0].chosen]
    assert (slate.placement, list(slate.offer_nos)) == (BANNER, shown)


async def test_what_is_recorded_is_ranked_again_as_it_was_ranked_live(rules: Rules) -> None:
    ranking = FakeRpc(in_the_order_given)
    async with edge_over(rules, ranking=ranking) as (stub, checking):
        decision_id = await recommend(stub, "ann")
    live, recorded = ranking.request, (await kept(rules))[decision_id]
    one = allowed(recorded, checking.answers[decision_id])
    again = rank_request(recorded, one, [one])
    assert again.candidates == live.candidates
    assert any(live.candidates.evidence_counts)
    assert list(again.placement_bits) == list(live.placement_bits)


async def test_previews_and_standing_decisions_leave_nothing(rules: Rules) -> None:
    async with edge_over(rules) as (stub, _):
        await recommend(stub, "ann", preview=True)
        assert await kept(rules) == {}
        first = await recommend(stub, "ann")
        assert await recommend(stub, "ann") == first
        await recommend(stub, "ann", preview=True)
    assert set(await kept(rules)) == {first}


async def test_what_is_recorded_of_many_stands_for_all_of_them(rules: Rules) -> None:
    async with edge_over(rules, recorded_per_hour=4) as (stub, _):
        for number in range(300):
            await recommend(stub, f"customer {number}")
    weights = [each.weight for each in (await kept(rules)).values()]
    assert len(weights) < 40
    assert abs(sum(weights) - 300) <= max(weights)


async def test_an_erasure_takes_it_along_and_an_export_shows_it(rules: Rules) -> None:
    async with edge_over(rules) as (stub, _):
        of_ann, of_bob = await recommend(stub, "ann"), await recommend(stub, "bob")
    assert set(await kept(rules)) == {of_ann, of_bob}
    exported = [
        row
        async for table, rows in rules.ledger.export(["person of ann"], [])
        for row in rows
        if table == "recorded_decisions"
    ]
    assert len(exported) == 1
    assert '"segments": ["gardeners"]' in exported[0]
    await rules.stub.ErasePerson(pb.ErasePersonRequest(person_ids=["person of ann"]), timeout=5)
    assert set(await kept(rules)) == {of_bob}
