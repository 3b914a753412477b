"""What the ranker is asked when a recorded decision is ranked again."""

from __future__ import annotations

from services.rules.reranking import allowed, rank_request
from touchpoint.common.v1.decision_pb2 import Candidates, DecisionContext, PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.rules.v1.recording_pb2 import RecordedDecision, RecordedProposal
from touchpoint.rules.v1.rules_service_pb2 import CheckResponse

SHIPPING, SHOE, LAMP, GUIDE = 11, 12, 13, 14
RECORDED = RecordedDecision(
    context=DecisionContext(
        placements=[PlacementAsk(placement=name, limit=2) for name in ("home", "cart")], seed=7
    ),
    snapshot=b"somebody",
    candidates=Candidates(
        offer_nos=[SHIPPING, SHOE, LAMP],
        sources=[Source.JOURNEY, Source.FOR_YOU, Source.POPULAR],
        scores=[1.0, 0.5, 0.25],
    ),
    proposals=[RecordedProposal(offer_no=SHIPPING, placements=["cart"], lever=2.0)],
)
ALL = CheckResponse(kept=[0, 1, 2], placement_bits=[3, 3, 1], levers=[1.5, 1.0, 1.0])


def test_what_a_journey_asked_for_holds_beside_what_rules_say() -> None:
    request = rank_request(RECORDED, one := allowed(RECORDED, ALL), [one])
    assert list(request.candidates.offer_nos) == [SHIPPING, SHOE, LAMP]
    assert list(request.placement_bits) == [2, 3, 1]
    assert list(request.levers) == [3.0, 1.0, 1.0]
    assert list(request.candidates.sources) == list(RECORDED.candidates.sources)
    assert (request.context.seed, request.snapshot) == (7, b"somebody")


def test_what_a_journey_asked_for_is_nothing_to_what_is_removed() -> None:
    without = CheckResponse(kept=[1], placement_bits=[3])
    request = rank_request(RECORDED, one := allowed(RECORDED, without), [one])
    assert list(request.candidates.offer_nos) == [SHOE]
    assert list(request.levers) == []


def test_both_sides_have_the_same_candidates_in_the_same_order_each_with_its_own_places() -> None:
    added = Candidates(offer_nos=[GUIDE], sources=[Source.OFFER], scores=[1.0])
    old = allowed(RECORDED, CheckResponse(kept=[1, 2], placement_bits=[3, 1]))
    new = allowed(RECORDED, CheckResponse(kept=[2, 3], placement_bits=[1, 2], added=added))
    before, after = (rank_request(RECORDED, side, [old, new]) for side in (old, new))
    assert list(before.candidates.offer_nos) == [SHOE, LAMP, GUIDE]
    assert before.candidates == after.candidates
    assert list(before.placement_bits) == [3, 1, 0]
    assert list(after.placement_bits) == [0, 1, 2]
