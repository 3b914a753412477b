"""What the ranker is asked when a recorded decision is ranked again."""

from __future__ import annotations

from services.rules.reranking import Reranked, allowed, rank_request, tried_alike
from touchpoint.common.v1.decision_pb2 import Candidates, DecisionContext, PlacementAsk, VariantOf
from touchpoint.common.v1.vocabulary_pb2 import EvidenceKind, Source
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


def test_what_was_recorded_of_the_evidence_goes_with_its_offer_and_what_is_added_has_none() -> None:
    recorded = RecordedDecision()
    recorded.CopyFrom(RECORDED)
    recorded.candidates.evidence_counts[:] = [3, 4, 5]
    recorded.candidates.evidence_totals[:] = [30, 40, 50]
    said = [EvidenceKind.IN_ONE_ORDER, EvidenceKind.UNSPECIFIED, EvidenceKind.GIVEN_TO_ALIKE]
    recorded.candidates.evidence_kinds[:] = said
    zeros = {f"evidence_{each}": [0] for each in ("nos", "counts", "totals", "kinds")}
    added = Candidates(offer_nos=[GUIDE], sources=[Source.OFFER], scores=[1.0], **zeros)
    one = allowed(recorded, CheckResponse(kept=[1, 2, 3], placement_bits=[3, 1, 1], added=added))
    asked = rank_request(recorded, one, [one]).candidates
    assert list(asked.offer_nos) == [SHOE, LAMP, GUIDE]
    assert list(asked.evidence_counts) == [4, 5, 0]
    assert list(asked.evidence_totals) == [40, 50, 0]
    assert list(asked.evidence_kinds) == [*said[1:], EvidenceKind.UNSPECIFIED]


def test_where_no_evidence_was_recorded_the_ranker_is_told_of_none_as_it_was_then() -> None:
    zeros = {f"evidence_{each}": [0] for each in ("nos", "counts", "totals", "kinds")}
    added = Candidates(offer_nos=[GUIDE], sources=[Source.OFFER], scores=[1.0], **zeros)
    one = allowed(RECORDED, CheckResponse(kept=[1, 3], placement_bits=[3, 1], added=added))
    asked = rank_request(RECORDED, one, [one]).candidates
    assert list(asked.offer_nos) == [SHOE, GUIDE]
    told = asked.evidence_counts, asked.evidence_totals, asked.evidence_kinds
    assert [list(column) for column in told] == [[], [], []]


def test_the_other_side_tries_something_out_as_the_first_did_unless_its_variants_differ() -> None:
    plain = allowed(RECORDED, ALL)
    treated = allowed(RECORDED, ALL, [VariantOf(experiment="curious", variant="more")])
    before, same, other = (rank_request(RECORDED, one, [plain]) for one in (plain, plain, treated))
    for tried in (True, False, None):
        assert tried_alike(before, same, Reranked([], tried)) is tried
        assert tried_alike(before, other, Reranked([], tried)) is None
